"""Command entry point: compose the config, run the task, report errors in one line.

Nothing heavy is imported at the top, so that ``--help`` answers at once.
"""

import functools
import importlib.util
import logging
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tts.config.arguments import one_line_errors
from tts.config.help import help_text
from tts.config.literal import quote_literals, with_new_keys
from tts.config.package_configs import search_trusted_packages
from tts.config.reporting import fail, reported, user_error
from tts.config.resume_overrides import inherit_overrides
from tts.errors import UserError
from tts.folder_lock import LOCK
from tts.memory import gc_frozen_imports, keep_freed_memory
from tts.project_files import CONF, install_advice
from tts.signals import require_not_stopped
from tts.threads import CpuTimes, cpu_times, limit_threads

if TYPE_CHECKING:
    from omegaconf import DictConfig

OPTIONS = (  # Hydra's
    "--help", "--cfg", "--resolve", "--package", "--run", "--multirun", "--info", "--version",
    "--config-dir", "--config-name", "--config-path", "--experimental-rerun", "--hydra-help",
    "--shell-completion",
)  # fmt: skip


def launch(task: "Callable[[DictConfig], float | None]", config_name: str, about: str) -> None:
    """Run ``task(config)`` with ``conf/<config_name>.yaml`` and the overrides of ``sys.argv``.

    Free text and paths (:mod:`tts.config.literal`) are taken as typed, commas and quotes included.
    A :class:`UserError`, an error of the disk and a config that cannot be composed end the process
    with one line on stderr and status 2; Ctrl-C, SIGTERM and SIGHUP with 128 and the number of the
    signal. Any other exception is a bug and keeps its traceback.
    """
    with reported():
        arguments = sys.argv[1:]
        if {"-h", "--help"} & set(arguments):
            print(help_text(CONF, config_name, about))
            return
        _require_known_options(arguments)
        sys.argv[1:] = with_new_keys(quote_literals(arguments, config_name))
        _compose_and_run(task, config_name)
        if _failed_jobs:
            fail(f"error: {len(_failed_jobs)} of the sweep's jobs failed", 1)


def _compose_and_run(task: "Callable[[DictConfig], float | None]", config_name: str) -> None:
    keep_freed_memory()
    start = cpu_times()

    with gc_frozen_imports():
        import hydra
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException
        from yaml import MarkedYAMLError

        from tts.config.hydra_job import job_folder
        from tts.config.resolvers import new_start, register_resolvers

    sys.argv[1:] = search_trusted_packages(inherit_overrides(sys.argv[1:]))
    register_resolvers()
    new_start(sys.argv[1:])
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing its own report
    logging.raiseExceptions = False  # a log file on a full disk loses lines, and says nothing
    _require_optuna(sys.argv[1:])
    _require_sweepable(sys.argv[1:])
    main = hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)
    try:
        with one_line_errors():
            main(_guarded(task, config_name, start))()
    except RuntimeError as error:
        if not str(error).startswith("Invalid plugin"):  # a sweeper or launcher that is none
            raise
        fail(f"error: hydra: {error}")
    except MarkedYAMLError as error:  # of a config file of the user's
        mark = error.problem_mark
        place = "" if mark is None else f"{mark.name}, line {mark.line + 1}: "
        fail(f"error: {place}{error.problem}; correct this YAML")
    except (HydraException, OmegaConfBaseException, TypeError, ValueError, OSError) as error:
        if (found := user_error(error, job_folder() or None)) is not None:
            _remove_empty_run(job_folder())  # Hydra itself writes to it before the task
            raise found from error
        if isinstance(error, OSError) and not isinstance(error, HydraException):
            raise
        from tts.config.errors import explain

        fail(f"error: {explain(error, config_name, CONF, sys.argv[1:])}")


_failed_jobs: set[Path] = set()  # folders of a multirun's jobs


def job_failed(folder: str | Path) -> None:
    """Make the command end with status 1; launchers hide failures of jobs in other processes."""
    _failed_jobs.add(Path(folder).resolve())


def _require_known_options(arguments: list[str]) -> None:
    for name in (argument.partition("=")[0] for argument in arguments):
        if name.startswith("--") and not any(option.startswith(name) for option in OPTIONS):
            from tts.config.errors import did_you_mean

            hint = did_you_mean(name, OPTIONS)
            fail(f"error: there is no option {name}; {hint}choose from {', '.join(OPTIONS)}")


def _require_optuna(arguments: list[str]) -> None:
    if "sweep=optuna" in arguments and importlib.util.find_spec("optuna") is None:
        fail(f"error: sweep=optuna needs the package optuna: {install_advice('sweep')}")
    if "sweep=optuna" in arguments and not {"-m", "--multirun"} & set(arguments):
        fail("error: sweep=optuna searches in a multirun: add -m, and give a key several values")


def _require_sweepable(arguments: list[str]) -> None:
    """Report a sweeper or launcher that is set as a value, and a range without values."""
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key in ("hydra.sweeper", "hydra.launcher") and not value.startswith("{"):
            group = key.replace(".", "/")
            fail(f"error: {argument}: choose it with {group}=NAME, and set its keys, {key}.KEY=...")
        numbers = re.search(r"\brange\(([^()]*)\)", value)
        if numbers and {"-m", "--multirun"} & set(arguments):
            try:
                start, *rest = (float(number) for number in numbers[1].split(","))
            except ValueError:  # named arguments, and errors that Hydra explains
                continue
            stop, step = (*rest, 1.0)[:2] if rest else (start, 1.0)
            start = start if rest else 0.0
            if step == 0 or (stop - start) * step <= 0:
                fail(f"error: {argument}: the range has no values; give range(start,stop,step)")


def _guarded(
    task: "Callable[[DictConfig], float | None]", config_name: str, start: CpuTimes | None
) -> "Callable[[DictConfig], float | None]":
    """Wrap ``task`` to report its exceptions here: those that pass are composition errors."""

    @functools.wraps(task)
    def run(config: "DictConfig") -> float | None:
        from tts.config.hydra_job import job_folder, sweep_job, task_overrides
        from tts.config.job_summary import record_failure

        try:
            with gc_frozen_imports():
                from tts.config.value_checks import check_values
            check_values(config_name, config, task_overrides())
            _require_complete(config, config_name)
            # a training's sums would change in their last digits with the load, a benchmark's times
            if config_name not in ("train", "benchmark"):
                limit_threads(start)
            return task(config)
        except Exception as error:
            require_not_stopped()  # else a signal during an import is reported as its error
            found = user_error(error, None if config_name != "train" else job_folder())
            if found is None:
                traceback.print_exc()
            if (job := sweep_job()) is not None:  # the sweep's other jobs still run
                record_failure(Path(job_folder()), task_overrides(), str(found or repr(error)))
                job_failed(job_folder())
                print(f"error: {job}: {found or repr(error)}", file=sys.stderr)
                return None
            if found is None:
                raise SystemExit(1) from error
            _remove_empty_run(job_folder())
            return fail(f"error: {found}")

    return run


def _require_complete(config: "DictConfig", config_name: str) -> None:
    """Raise UserError for a value that is missing, or read from a key that does not exist."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        missing = sorted(OmegaConf.missing_keys(config))
    except OmegaConfBaseException as error:  # an interpolation that cannot be resolved
        from tts.config.errors import explain

        raise UserError(explain(error, config_name, CONF, sys.argv[1:])) from error
    if missing:
        raise UserError(f"{', '.join(missing)}: not given; add {missing[0]}=...")


def _remove_empty_run(job: str) -> None:
    """Remove the folder that Hydra made for a run which failed before it wrote anything."""
    folder = Path(job)
    if not job or not (folder / ".hydra").is_dir():
        return
    expected = (".hydra", "summary.json", LOCK)
    left = [path for path in folder.glob("*") if path.name not in expected]
    if len(left) == 1 and left[0].suffix == ".log" and left[0].stat().st_size == 0:
        shutil.rmtree(folder)

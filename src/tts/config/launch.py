"""Command entry point: compose the config, run the task, report errors in one line.

Nothing heavy is imported at the top, so that ``--help`` answers at once.
"""

import functools
import importlib.util
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tts.child_processes import end_with_announced_parent
from tts.config.help import help_text
from tts.config.resume_overrides import inherit_overrides
from tts.errors import UserError
from tts.folder_lock import LOCK
from tts.memory import gc_frozen_imports, keep_freed_memory
from tts.signals import ending_on_signals
from tts.threads import CpuTimes, cpu_times, limit_threads, wait_briefly

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONF = Path(__file__).parents[3] / "conf"
OPTIONS = (  # Hydra's
    "--help", "--cfg", "--resolve", "--package", "--run", "--multirun", "--info", "--version",
    "--config-dir", "--config-name", "--config-path", "--experimental-rerun", "--hydra-help",
    "--shell-completion",
)  # fmt: skip


def launch(
    task: "Callable[[DictConfig], float | None]",
    config_name: str,
    about: str,
    literal: tuple[str, ...] = (),
) -> None:
    """Run ``task(config)`` with ``conf/<config_name>.yaml`` and the overrides of ``sys.argv``.

    The values of the keys in ``literal`` (free text, paths) are taken as typed, commas and quotes
    included, and not parsed by Hydra's grammar. A :class:`UserError` and a config that cannot be
    composed end the process with one line on stderr and status 2; Ctrl-C, SIGTERM and SIGHUP with
    128 and the number of the signal. Any other exception is a bug and keeps its traceback.
    """
    with ending_on_signals():
        end_with_announced_parent()
        wait_briefly()
        _launch(task, config_name, about, literal)


def _launch(
    task: "Callable[[DictConfig], float | None]",
    config_name: str,
    about: str,
    literal: tuple[str, ...],
) -> None:
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(help_text(CONF, config_name, about))
        return
    _require_known_options(arguments)

    keep_freed_memory()
    start = cpu_times()

    with gc_frozen_imports():
        import hydra
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException

        from tts.config.resolvers import new_start, register_resolvers

    try:
        sys.argv[1:] = inherit_overrides([_quote(argument, literal) for argument in arguments])
    except UserError as error:
        _fail(f"error: {error}")
    register_resolvers()
    new_start()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing its own report
    _require_optuna(sys.argv[1:])
    main = hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)
    try:
        main(_guarded(task, config_name, start))()
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if (user_error := _user_error(error)) is not None:
            _fail(f"error: {user_error}")
        from tts.config.errors import explain

        _fail(f"error: {explain(error, config_name, CONF, sys.argv[1:])}")
    if _failed_jobs:
        _fail(f"error: {len(_failed_jobs)} of the sweep's jobs failed", 1)


_failed_jobs: set[Path] = set()  # folders of a multirun's jobs


def job_failed(folder: str | Path) -> None:
    """Make the command end with status 1; launchers hide failures of jobs in other processes."""
    _failed_jobs.add(Path(folder).resolve())


def _require_known_options(arguments: list[str]) -> None:
    for name in (argument.partition("=")[0] for argument in arguments):
        if name.startswith("--") and not any(option.startswith(name) for option in OPTIONS):
            from tts.config.errors import did_you_mean

            hint = did_you_mean(name, OPTIONS)
            _fail(f"error: there is no option {name}; {hint}choose from {', '.join(OPTIONS)}")


def _require_optuna(arguments: list[str]) -> None:
    if "sweep=optuna" in arguments and importlib.util.find_spec("optuna") is None:
        _fail("error: sweep=optuna needs the package optuna: uv sync --extra sweep")


def _guarded(
    task: "Callable[[DictConfig], float | None]", config_name: str, start: CpuTimes | None
) -> "Callable[[DictConfig], float | None]":
    """Wrap ``task`` to report its exceptions here: those that pass are composition errors."""

    @functools.wraps(task)
    def run(config: "DictConfig") -> float | None:
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        from tts.config.hydra_job import job_folder, sweep_job

        try:
            missing = sorted(OmegaConf.missing_keys(config))
        except OmegaConfBaseException as error:  # an interpolation that cannot be resolved
            from tts.config.errors import explain

            _fail(f"error: {explain(error, config_name, CONF, sys.argv[1:])}")
        if missing:
            _fail(f"error: {', '.join(missing)}: not given; add {missing[0]}=...")
        # a training's sums would change in their last digits with the load, a benchmark's times
        if config_name not in ("train", "benchmark"):
            limit_threads(start)
        try:
            return task(config)
        except Exception as error:
            user_error = _user_error(error)
            if user_error is None:
                traceback.print_exc()
            if (job := sweep_job()) is not None:  # the sweep's other jobs still run
                job_failed(job_folder())
                print(f"error: {job}: {user_error or repr(error)}", file=sys.stderr)
                return None
            if user_error is None:
                raise SystemExit(1) from error
            _remove_empty_run(Path(job_folder()))
            return _fail(f"error: {user_error}")

    return run


def _remove_empty_run(folder: Path) -> None:
    """Remove the folder that Hydra made for a run which failed before it wrote anything."""
    expected = (".hydra", "summary.json", LOCK)
    left = [path for path in folder.glob("*") if path.name not in expected]
    if len(left) == 1 and left[0].suffix == ".log" and left[0].stat().st_size == 0:
        shutil.rmtree(folder)


def _fail(message: str, status: int = 2) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(status)


def _quote(argument: str, literal: tuple[str, ...]) -> str:
    """``text=Well, hello`` -> ``text='Well, hello'``, with Hydra's special characters escaped."""
    key, equals, value = argument.partition("=")
    if not equals or key.lstrip("+") not in literal or value in ("", "null"):
        return argument
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return argument  # quoted for Hydra already
    # backslashes right before a quote, ``${`` or the end are doubled, or they would escape it
    value = re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value)
    value = re.sub(r"(\\*)\$\{", lambda m: m[1] * 2 + "\\${", value)
    return f"{key}='{value}'"


def _user_error(error: BaseException | None) -> UserError | None:
    """Return the UserError behind an exception: Hydra wraps what a constructor raises."""
    while error is not None:
        if isinstance(error, UserError):
            return error
        error = error.__cause__ or error.__context__
    return None

"""The entry that every command shares: compose the config, run the task, report errors in a line.

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
from typing import Any

from tts.config.help import help_text
from tts.config.resume_overrides import inherit_overrides
from tts.errors import UserError
from tts.memory import gc_frozen_imports, keep_freed_memory

CONF = Path(__file__).parents[3] / "conf"


def launch(
    task: Callable[[Any], Any], config_name: str, about: str, literal: tuple[str, ...] = ()
) -> None:
    """Run ``task(config)`` with ``conf/<config_name>.yaml`` and the overrides of ``sys.argv``.

    The values of the keys in ``literal`` (free text, paths) are taken as typed, commas, quotes and
    all, instead of by Hydra's grammar. A :class:`UserError` and a config that cannot be composed
    end the process with one line on stderr and status 2, Ctrl-C with 130; any other exception is a
    bug and keeps its traceback.
    """
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(help_text(CONF, config_name, about))
        return
    sys.argv[1:] = inherit_overrides([_quote(argument, literal) for argument in arguments])

    keep_freed_memory()

    with gc_frozen_imports():
        import hydra
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException

        from tts.config.resolvers import new_start, register_resolvers

    register_resolvers()
    new_start()
    # let exceptions out, so that they are told here instead of in Hydra's words
    os.environ["HYDRA_FULL_ERROR"] = "1"
    _require_optuna(sys.argv[1:])
    main = hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)
    try:
        main(_guarded(task))()
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if (mistake := _user_error(error)) is not None:
            _fail(f"error: {mistake}")
        from tts.config.errors import explain

        _fail(f"error: {explain(error, config_name, CONF, sys.argv[1:])}")
    if _failures:
        _fail(f"error: {len(_failures)} of the sweep's jobs failed", 1)


_failures: set[Path] = set()  # folders of a multirun's jobs


def job_failed(folder: str | Path) -> None:
    """The command ends with status 1; of jobs in other processes the launcher may not say so."""
    _failures.add(Path(folder).resolve())


def _require_optuna(arguments: list[str]) -> None:
    if "sweep=optuna" in arguments and importlib.util.find_spec("optuna") is None:
        _fail("error: sweep=optuna needs the package optuna: uv sync --extra sweep")


def _guarded(task: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``task``, whose exceptions end the process here: what gets past it was not composed."""

    @functools.wraps(task)
    def run(config: Any) -> Any:
        from omegaconf import OmegaConf

        if missing := sorted(OmegaConf.missing_keys(config)):
            _fail(f"error: {', '.join(missing)}: not given; add {missing[0]}=...")
        try:
            return task(config)
        except Exception as error:
            mistake = _user_error(error)
            if mistake is None:
                traceback.print_exc()
            if (job := _sweeps_job()) is not None:
                # the other jobs of the sweep are not to suffer
                job_failed(_job_folder())
                print(f"error: {job}: {mistake or repr(error)}", file=sys.stderr)
                return None
            if mistake is None:
                raise SystemExit(1) from error
            _remove_empty_run()
            _fail(f"error: {mistake}")

    return run


def _job_folder() -> str:
    from hydra.core.hydra_config import HydraConfig

    return str(HydraConfig.get().runtime.output_dir)


def _sweeps_job() -> str | None:
    """The name of the multirun's job under way; None in a run of its own."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        return None
    return f"job {hydra.job.num} ({' '.join(hydra.overrides.task)})"


def _remove_empty_run() -> None:
    """Hydra makes the run folder and its log before the task can say that it cannot be done."""
    folder = Path(_job_folder())
    told = (".hydra", "summary.json")  # how it was started, and that it failed
    left = [path for path in folder.glob("*") if path.name not in told]
    if len(left) == 1 and left[0].suffix == ".log" and left[0].stat().st_size == 0:
        shutil.rmtree(folder)


def _fail(message: str, status: int = 2) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(status)


def _quote(argument: str, literal: tuple[str, ...]) -> str:
    """``text=Well, hello`` -> ``text='Well, hello'``, with what Hydra would interpret escaped."""
    key, equals, value = argument.partition("=")
    if not equals or key.lstrip("+") not in literal or value in ("", "null"):
        return argument
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return argument  # quoted for Hydra already
    # a run of backslashes before a quote or at the end would escape it
    value = re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value)
    value = re.sub(r"(\\*)\$\{", lambda m: m[1] * 2 + "\\${", value)
    return f"{key}='{value}'"


def _user_error(error: BaseException | None) -> UserError | None:
    """The user's own mistake behind an exception: Hydra wraps what a constructor raises."""
    while error is not None:
        if isinstance(error, UserError):
            return error
        error = error.__cause__ or error.__context__
    return None

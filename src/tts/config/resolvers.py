"""OmegaConf resolvers of the YAML files: the names of run folders."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from tts.errors import UserError

# overrides that name a run or say how it starts, and are no part of its folder's name
IGNORED_OVERRIDES = ("name", "experiment", "sweep", "resume", "ckpt_path")
MAX_LENGTH = 96  # of the overrides in a folder's name
SHARED = "TTS_SHARED"  # environment variable: keys that all jobs of a multirun share
STARTED = "TTS_STARTED"  # environment variable: when the command was started


def started() -> str:
    """Return when the command was started, the same for all its processes and jobs."""
    return os.environ.get(STARTED) or time.strftime("%Y-%m-%d_%H-%M-%S")


def new_start(arguments: Sequence[str] = ()) -> None:
    """Set the start to now, except in a further rank of a training.

    ``arguments`` are the command line's: the overrides that all jobs of a multirun share are no
    part of the jobs' names.
    """
    if "LOCAL_RANK" not in os.environ:
        os.environ[SHARED] = json.dumps(_shared_keys(arguments))
        os.environ.pop(STARTED, None)
    os.environ[STARTED] = started()


def later_start() -> None:
    """Change :func:`started` where another command has taken the folder of that name."""
    first, _, number = started().partition("+")
    os.environ[STARTED] = f"{first}+{int(number or 1) + 1}"


def short_overrides(overrides: Iterable[str]) -> str:
    """``["model/size=small", "optimizer.lr=1e-3"]`` -> ``"_size=small,lr=1e-3"``; "" for none.

    The result holds letters, digits and ``._=,+-``: safe in a path, a shell and a URL. A long list
    is cut and ends in a hash, so that two long lists do not share a folder.
    """
    parts: list[str] = []
    for override in overrides:
        key, value = _key(override), override.partition("=")[2]
        if key in IGNORED_OVERRIDES or key.startswith("hydra"):
            continue
        key = re.split(r"[./]", key)[-1]
        if "/" in value and not value.startswith("["):
            value = value.rstrip("/'\"").rsplit("/", 1)[-1]  # the last part of a path
        parts.append(f"{_safe(key)}={_safe(value)}")
    text = ",".join(parts)
    if len(text) > MAX_LENGTH:
        text = f"{text[: MAX_LENGTH - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"_{text}" if text else ""


def job_overrides(overrides: Iterable[str]) -> str:
    """Return :func:`short_overrides` of those that differ between the jobs of a multirun."""
    shared = set(json.loads(os.environ.get(SHARED, "[]")))
    return short_overrides(o for o in overrides if _key(o) not in shared)


def _shared_keys(arguments: Sequence[str]) -> list[str]:
    """Return the keys of the overrides that a multirun does not sweep."""
    if not {"-m", "--multirun"} & set(arguments):
        return []
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser, shared = OverridesParser.create(), []
    for argument in arguments:
        with suppress(HydraException):  # Hydra reports it
            if "=" in argument and not parser.parse_override(argument).is_sweep_override():
                shared.append(_key(argument))
    return shared


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~").split("@")[0]


def run_folder(resume: str | None, fresh: str, overrides: Iterable[str]) -> str:
    """Return the folder that a run resumes, or a new one named after its overrides."""
    if resume:
        folder = resumed_folder(resume)
        if not folder.is_dir():  # checked before Hydra creates it
            raise UserError(f"resume={resume}: there is no such folder; give that of a run")
        return str(folder)
    return f"{fresh}{short_overrides(overrides)}"


def hydra_files(resume: str | None) -> str | None:
    """Return the folder in which Hydra writes its files when a run starts; None for a resumed one.

    A resume can still be rejected, and the run must keep its own overrides then.
    """
    return None if resume else ".hydra"


def resumed_folder(resume: str) -> Path:
    """Return the run folder that ``resume=`` means: itself, or that of a checkpoint.

    Raises UserError for a voice, which holds no state of a training.
    """
    path = Path(resume)
    if (path / "voice.json").is_file():
        raise UserError(
            f"resume={resume} is a voice and holds no training state: start from its weights with "
            f"init_from={resume}"
        )
    if path.suffix == ".ckpt":
        path = path.parent
    return path.parent if path.name == "checkpoints" else path


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-")


def register_resolvers() -> None:
    """Register the resolvers with OmegaConf; repeated calls are allowed."""
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("started", started, replace=True)
    OmegaConf.register_new_resolver("short_overrides", short_overrides, replace=True)
    OmegaConf.register_new_resolver("job_overrides", job_overrides, replace=True)
    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)
    OmegaConf.register_new_resolver("hydra_files", hydra_files, replace=True)

"""What the YAML files may compute: the names of run folders."""

import hashlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from tts.errors import UserError

# say where a run lies or how it is started, not what it is
IGNORED_OVERRIDES = ("name", "experiment", "sweep", "resume", "ckpt_path")
LONGEST = 96
STARTED = "TTS_STARTED"  # in the environment: when the command was typed


def started() -> str:
    """When the command was typed; the same for all processes of a training (and of a sweep)."""
    return os.environ.get(STARTED) or time.strftime("%Y-%m-%d_%H-%M-%S")


def new_start() -> None:
    """What follows begins now, unless this process was started by another to help it."""
    if "LOCAL_RANK" not in os.environ:
        os.environ.pop(STARTED, None)
    os.environ[STARTED] = started()


def short_overrides(overrides: Iterable[str]) -> str:
    """``["model/size=small", "optimizer.lr=1e-3"]`` -> ``"_size=small,lr=1e-3"``; "" for none.

    Only letters, digits and ``._=,+-``: safe in a path, a shell and a URL. A long list is cut and
    ends in a hash, so that two long lists do not share a folder.
    """
    parts: list[str] = []
    for override in overrides:
        key, _, value = override.partition("=")
        key = key.lstrip("+~").split("@")[0]
        if key in IGNORED_OVERRIDES or key.startswith("hydra"):
            continue
        key = re.split(r"[./]", key)[-1]
        if "/" in value and not value.startswith("["):
            value = value.rstrip("/'\"").rsplit("/", 1)[-1]  # of a path, its last name
        parts.append(f"{_safe(key)}={_safe(value)}")
    text = ",".join(parts)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"_{text}" if text else ""


def run_folder(resume: str | None, fresh: str, overrides: Iterable[str]) -> str:
    """Where a run writes: the folder it resumes, or a new one named after its overrides."""
    if resume:
        folder = resumed_folder(resume)
        if not folder.is_dir():  # before Hydra makes it
            raise UserError(f"resume={resume}: there is no such run folder")
        return str(folder)
    return f"{fresh}{short_overrides(overrides)}"


def resumed_folder(resume: str) -> Path:
    """``resume=`` takes the run's folder; a checkpoint in it is understood to mean its run."""
    path = Path(resume)
    if path.suffix == ".ckpt":
        path = path.parent
    return path.parent if path.name == "checkpoints" else path


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-")


def register_resolvers() -> None:
    """Make the resolvers known to OmegaConf; any number of times."""
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("started", started, replace=True)
    OmegaConf.register_new_resolver("short_overrides", short_overrides, replace=True)
    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)

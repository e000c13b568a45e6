"""What a run was made with: the project's version and commit, Python, packages and machine."""

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import torch

from tts.plain_data import PlainData
from tts.project_files import DISTRIBUTION, IN_REPOSITORY, REPOSITORY

PACKAGES = (
    "torch", "lightning", "hydra-core", "omegaconf", "numpy", "librosa", "numba", "deepspeed",
)  # fmt: skip


@cache
def environment() -> PlainData:
    """Return versions and machine, as plain data; None for what is not known.

    ``commit`` ends in ``+`` where files of the repository differ from it.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {
        "version": _version(DISTRIBUTION),
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "gpus": [torch.cuda.get_device_name(number) for number in range(gpus)],
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the repository's commit; None outside it or without git."""
    if not IN_REPOSITORY:
        return None
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + "+" if _git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*words: str) -> str:
    # no settings of the machine: they can name programs to start
    done = subprocess.run(
        ["git", "-c", "core.fsmonitor=false", "-C", str(REPOSITORY), *words],
        capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    return done.stdout.strip()

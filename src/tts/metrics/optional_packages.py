"""A metric whose package is not installed is left out and says so once; it never counts as zero."""

import importlib
import logging
from functools import lru_cache
from types import ModuleType

from tts.errors import UserError

log = logging.getLogger(__name__)


class MissingPackageError(UserError):
    """A package that a measure needs is not installed, or its weights are not on the disk."""


def require_package(name: str, metric: str, extra: str = "metrics") -> ModuleType:
    """The package, imported. Raises MissingPackageError saying how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"{metric} needs the package {name}: uv sync --extra {extra} (import said: {error})"
        ) from error


@lru_cache(maxsize=64)
def say_once(message: str) -> None:
    """Warn, the first time alone; in a process that works for another, the other does."""
    if collecting:
        untold.append(message)
    else:
        log.warning(message)


collecting = False  # whether this process works for another
untold: list[str] = []  # what the other is to say


def collect() -> None:
    """Say nothing from now on in this process: :func:`handed_over` takes it to the other."""
    global collecting
    collecting = True


def handed_over() -> list[str]:
    """What was not said since the last time."""
    messages = untold.copy()
    untold.clear()
    return messages

"""Optional packages of the metrics: a metric without its package is skipped with one warning."""

import importlib
import logging
from functools import lru_cache
from types import ModuleType

from tts.errors import UserError
from tts.project_files import install_advice

log = logging.getLogger(__name__)


class MissingPackageError(UserError):
    """A package or a weights file that a metric needs is missing."""


def require_package(name: str, metric: str, extra: str = "metrics") -> ModuleType:
    """Import and return the package ``name``.

    Raises MissingPackageError with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:  # the last two: built for another torch
        reason = " ".join(str(error).split())
        raise MissingPackageError(
            f"{metric} needs the package {name}: run `{install_advice(extra)}` ({reason})"
        ) from error


@lru_cache(maxsize=64)
def warn_once(message: str) -> None:
    """Log a warning the first time only; a worker process keeps it for its parent."""
    if _in_worker:
        _pending.append(message)
    else:
        log.warning(message)


_in_worker = False
_pending: list[str] = []  # warnings that the parent process has yet to log


def defer_warnings() -> None:
    """Keep the warnings of this worker process for :func:`take_warnings` from now on."""
    global _in_worker
    _in_worker = True


def take_warnings() -> list[str]:
    """Return and forget the deferred warnings."""
    messages = _pending.copy()
    _pending.clear()
    return messages

"""Warnings that are logged once, also those of worker processes."""

import logging
from functools import lru_cache

log = logging.getLogger(__name__)

_in_worker = False
_pending: list[str] = []  # warnings that the parent process has yet to log


@lru_cache(maxsize=256)
def warn_once(message: str) -> None:
    """Log a warning the first time only; a worker process keeps it for its parent."""
    if _in_worker:
        _pending.append(message)
    else:
        log.warning(message)


def defer_warnings() -> None:
    """Keep the warnings of this worker process for :func:`take_warnings` from now on."""
    global _in_worker
    _in_worker = True


def take_warnings() -> list[str]:
    """Return and forget the deferred warnings."""
    messages = _pending.copy()
    _pending.clear()
    return messages

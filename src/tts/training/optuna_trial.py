"""The trial of a sweep that the job under way belongs to, if it belongs to one."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_current: list["Trial"] = []


class Trial:
    """Takes the intermediate values of a job and says when it is hopeless."""

    def __init__(self, handle: Any, maximize: bool) -> None:
        self.handle, self.maximize = handle, maximize
        self.pruned = False

    def report(self, value: float, step: int) -> bool:
        """Whether the job should end here."""
        if not math.isfinite(value):
            return False
        self.handle.report(value, step)
        self.pruned = bool(self.handle.should_prune())
        return self.pruned


def current_trial() -> Trial | None:
    """The one under way in this process."""
    return _current[-1] if _current else None


@contextmanager
def under_way(trial: Trial) -> Iterator[None]:
    """Jobs run inside belong to ``trial``."""
    _current.append(trial)
    try:
        yield
    finally:
        _current.pop()

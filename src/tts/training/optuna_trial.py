"""The Optuna trial that the job under way belongs to, if a sweep runs it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tts.errors import UserError

if TYPE_CHECKING:
    import optuna

_current: list["Trial"] = []


class Trial:
    """Reports a job's intermediate values to Optuna and asks whether to prune it."""

    def __init__(self, handle: "optuna.Trial", maximize: bool) -> None:
        self.handle, self.maximize = handle, maximize
        self.pruned = False

    def report(self, value: float, step: int) -> bool:
        """Report the value at ``step``; return whether the job should end here."""
        if not math.isfinite(value):
            return False
        self.handle.report(value, step)
        self.pruned = bool(self.handle.should_prune())
        return self.pruned


def current_trial() -> Trial | None:
    """Return the trial under way in this process."""
    return _current[-1] if _current else None


def require_one_process(world_size: int) -> None:
    """Raise UserError for a trial that several processes would train."""
    if current_trial() and world_size > 1:
        raise UserError(
            "sweep=optuna: every process would sample its own values; train on one device, "
            "trainer=gpu or cpu"
        )


@contextmanager
def under_way(trial: Trial) -> Iterator[None]:
    """Make ``trial`` the current one for the jobs run inside."""
    _current.append(trial)
    try:
        yield
    finally:
        _current.pop()

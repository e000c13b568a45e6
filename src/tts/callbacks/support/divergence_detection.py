"""Divergence detection: a loss that rises from its lowest level and stays there."""

from collections import deque
from typing import NamedTuple

import numpy as np

from tts.plain_data import PlainData

EARLY, LATE = 3, 10  # points of a level, before and from the EARLY_POINTS-th
HELD = 7  # last points that a rise holds
EARLY_POINTS = 30
NOISE = 5.0  # standard deviations of a point that a rise must exceed
LOUD = 1.0  # share of the level beyond which noise is a rise
RESTARTED = 1.5  # a learning rate this many times its lowest since it fell is a restart


class Rise(NamedTuple):
    """From which level a loss rose to which."""

    before: float
    now: float


class DivergenceDetector:
    """Compares the level of a loss, the median of its last points, with its lowest level so far.

    It is a divergence when the level and the last points lie above the lowest level by the share
    ``tolerance`` of it, or above the loss of the untrained model by that share, and by some five
    standard deviations of the points. Each point is a mean over some steps. A learning rate that
    falls and rises again starts a new lowest level, because the loss rises with it.
    """

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.points: deque[float] = deque(maxlen=2 * LATE)
        self.count = 0
        self.first: float | None = None  # of the untrained model
        self.best: float | None = None
        self.acted: float | None = None  # level at the last divergence, until it is overcome
        self.wait = 0  # points to wait for the effect of an action
        self._rates = (0.0, 0.0)  # highest, lowest since the highest

    def state_dict(self) -> PlainData:
        return {
            "points": list(self.points), "count": self.count, "first": self.first,
            "best": self.best, "acted": self.acted, "wait": self.wait, "rates": list(self._rates),
        }  # fmt: skip

    def load_state_dict(self, state: PlainData) -> None:
        self.points.extend(state["points"])
        self.count, self.first, self.best = state["count"], state["first"], state["best"]
        self.acted, self.wait = state["acted"], state["wait"]
        self._rates = (state["rates"][0], state["rates"][1])

    def restart(self) -> None:
        """Forget the lowest level: the loss is no longer comparable with it."""
        self.points.clear()
        self.count, self.best, self.acted, self.wait = 0, None, None, 0

    def add(self, value: float, learning_rate: float) -> Rise | None:
        """Add a point; return the rise if the loss diverges."""
        if self.first is None:
            self.first = value
            return None
        if self._restarted(learning_rate):
            self.restart()
        self.points.append(value)
        self.count += 1
        size = EARLY if self.count < EARLY_POINTS else LATE
        if len(self.points) < size:
            return None
        recent = list(self.points)[-size:]
        level = float(np.median(recent))
        lowest = level if self.best is None else self.best
        self.best = min(lowest, level)
        if self.wait > 0:
            self.wait -= 1
            return None
        untrained = self._limit(self.first, self.tolerance)
        limit = self._limit(lowest, self.tolerance) if self.count > EARLY else untrained
        if min(level, *recent[-HELD:]) <= min(limit, untrained):
            self.acted = None
            return None
        # the divergence itself makes the noise large: a fall by the tolerance is enough
        if self.acted is not None and level < self.acted - min(
            self._noise(), self.tolerance * abs(self.acted)
        ):  # it recovers
            self.acted = level
            return None
        self.acted, self.wait = level, size
        return Rise(min(lowest, self.first), level)

    def _limit(self, level: float, tolerance: float) -> float:
        """Return the highest loss that is no rise from ``level``."""
        # few points say little about the noise; at a divergence the noise grows with the loss
        noise = NOISE * (1 + EARLY / self.count) * self._noise()
        return level + max(tolerance * abs(level), min(noise, LOUD * abs(level)))

    def _noise(self) -> float:
        """Return the standard deviation of a point around the course of the loss.

        From second differences, which a falling loss hardly changes, unlike first ones.
        """
        return 1.4826 * float(np.median(np.abs(np.diff(self.points, n=2)))) / 6**0.5

    def _restarted(self, rate: float) -> bool:
        """Return whether the learning rate rises after it had fallen."""
        highest, lowest = self._rates
        if rate >= highest and highest == lowest:  # still in the warm-up
            self._rates = (rate, rate)
            return False
        if rate > RESTARTED * lowest:
            self._rates = (rate, rate)
            return True
        self._rates = (highest, min(lowest, rate))
        return False

"""Intervals, so that "better" is said only where it is shown."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

DRAWS = 2000
NOTHING = float("nan")
Finish = Callable[[np.ndarray], np.ndarray]


class Estimate(NamedTuple):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether a difference is one: zero lies outside."""
        return self.low > 0 or self.high < 0


def first(mean: np.ndarray) -> np.ndarray:
    """Of a row with one number: that."""
    return mean[..., 0]


def estimate(rows: np.ndarray, finish: Finish = first, seed: int = 1) -> Estimate:
    """``finish`` of the mean of ``rows (N, K)``, bootstrapped over the N utterances.

    A ratio of means, as a corpus's word error is, thus counts long utterances more (Bisani & Ney
    2004). Rows with a nan do not count.
    """
    rows = rows[np.isfinite(rows).all(1)]
    if len(rows) == 0:
        return Estimate(NOTHING, NOTHING, NOTHING)
    return _estimate(finish(rows.mean(0)), finish(_drawn(rows, seed)))


def difference(
    rows: np.ndarray, others: np.ndarray, finish: Finish = first, seed: int = 1
) -> Estimate:
    """By how much ``rows`` beat ``others`` of the same N utterances: drawn in pairs.

    What makes a sentence hard is in both, and does not widen the interval.
    """
    both = np.isfinite(rows).all(1) & np.isfinite(others).all(1)
    if not both.any():
        return Estimate(NOTHING, NOTHING, NOTHING)
    rows, others = rows[both], others[both]
    value = finish(rows.mean(0)) - finish(others.mean(0))
    return _estimate(value, finish(_drawn(rows, seed)) - finish(_drawn(others, seed)))


def mean(values: Sequence[float], seed: int = 1) -> Estimate:
    """The mean over utterances, bootstrapped; nan does not count."""
    return estimate(np.array(values, dtype=float).reshape(-1, 1), seed=seed)


def _drawn(rows: np.ndarray, seed: int) -> np.ndarray:
    """``(DRAWS, K)`` means of as many utterances, drawn with replacement."""
    count = len(rows)
    drawn = np.random.default_rng(seed).integers(0, count, (DRAWS, count))
    times = np.stack([np.bincount(draw, minlength=count) for draw in drawn])
    return times @ rows / count


def _estimate(value: np.ndarray, drawn: np.ndarray) -> Estimate:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))

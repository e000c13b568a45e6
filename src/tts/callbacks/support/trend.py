"""Trend of a series: a robust slope with its confidence interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import theilslopes

MIN_POINTS = 8  # for a slope with an interval


class Trend(NamedTuple):
    """Improvement over a window as a share of the median value, with its 95 % interval."""

    improvement: float
    low: float
    high: float


def trend(values: Sequence[float]) -> Trend:
    """Return the trend of ``values``, in order, of which lower is better.

    The slope is the median over all pairs (Theil 1950), its interval is Sen's (1968).
    """
    slope, _, low, high = theilslopes(np.asarray(values), alpha=0.95)
    span = len(values) - 1
    level = max(abs(float(np.median(values))), 1e-12)
    return Trend(*(float(-s * span / level) for s in (slope, high, low)))

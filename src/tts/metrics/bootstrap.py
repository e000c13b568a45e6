"""Intervals, so that "better" is said only where it is shown."""

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


def ratio(errors: list[float], totals: list[float], seed: int = 1, draws: int = 2000) -> Estimate:
    """``sum(errors) / sum(totals)`` over utterances, bootstrapped over utterances.

    With totals of one it is a mean; with words it is a corpus's word error rate, in which long
    utterances weigh more (Bisani & Ney 2004). Utterances that are nan in either do not count.
    """
    pairs = np.array([errors, totals], dtype=float)
    pairs = pairs[:, np.isfinite(pairs).all(0)]
    count = pairs.shape[1]
    if count == 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    drawn = np.random.default_rng(seed).integers(0, count, (draws, count))
    sums = pairs[:, drawn].sum(-1)  # (2, draws)
    values = sums[0] / np.maximum(sums[1], 1e-12)
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(float(pairs[0].sum() / max(pairs[1].sum(), 1e-12)), float(low), float(high))


def mean(values: list[float], seed: int = 1, draws: int = 2000) -> Estimate:
    """The mean over utterances, bootstrapped; nan does not count."""
    return ratio(values, [1.0] * len(values), seed, draws)

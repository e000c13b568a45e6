"""Bootstrap confidence intervals over utterances, and paired differences between systems."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000
NAN = float("nan")
Finalize = Callable[[np.ndarray], np.ndarray]  # mean statistics (..., K) -> values (...)


class Estimate(NamedTuple):
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0


def first_statistic(mean: np.ndarray) -> np.ndarray:
    """Return column 0 of ``(..., K)``."""
    return mean[..., 0]


def estimate(
    statistics: np.ndarray, finalize: Finalize = first_statistic, seed: int = 1
) -> Estimate:
    """Estimate ``finalize(mean)`` of ``statistics (N, K)`` with an interval over N utterances.

    The interval holds percentiles of the bootstrap. A ratio of means, such as a word error rate,
    weighs utterances by their length (Bisani & Ney 2004). Rows with NaN or infinity do not count.
    """
    statistics = statistics[np.isfinite(statistics).all(1)]
    if len(statistics) == 0:
        return Estimate(NAN, NAN, NAN)
    return _interval(finalize(statistics.mean(0)), finalize(_resampled_means(statistics, seed)))


def paired_difference(
    statistics: np.ndarray,
    baseline: np.ndarray,
    finalize: Finalize = first_statistic,
    seed: int = 1,
) -> Estimate:
    """Estimate the difference of two systems on the same N utterances; both ``(N, K)``.

    Both use the same resamples, so the difficulty of a sentence does not widen the interval.
    """
    both = np.isfinite(statistics).all(1) & np.isfinite(baseline).all(1)
    if not both.any():
        return Estimate(NAN, NAN, NAN)
    statistics, baseline = statistics[both], baseline[both]
    value = finalize(statistics.mean(0)) - finalize(baseline.mean(0))
    resampled = finalize(_resampled_means(statistics, seed))
    return _interval(value, resampled - finalize(_resampled_means(baseline, seed)))


def mean_estimate(values: Sequence[float], seed: int = 1) -> Estimate:
    """Estimate the mean of one value per utterance; NaN does not count."""
    return estimate(np.array(values, dtype=float).reshape(-1, 1), seed=seed)


def _resampled_means(statistics: np.ndarray, seed: int) -> np.ndarray:
    """Return the means ``(RESAMPLES, K)`` of N rows sampled with replacement."""
    count = len(statistics)
    indices = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    weights = np.stack([np.bincount(row, minlength=count) for row in indices])
    return weights @ statistics / count


def _interval(value: np.ndarray, resampled: np.ndarray) -> Estimate:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))

"""Metric curve: the course of one metric over a run, in bounded memory."""

import math
from collections import deque
from collections.abc import Iterable

import numpy as np
import torch

from tts.callbacks.support.trend import MIN_POINTS, trend
from tts.plain_data import PlainData

POINTS = 256  # at least, once a curve has had as many


class MetricCurve:
    """The last ``window`` values of a metric, its extremes, and at most ``2 * POINTS`` points.

    A point is the mean step and value of ``stride`` values. When the curve is full, each pair of
    neighbors becomes one point.
    """

    def __init__(self, window: int) -> None:
        self.recent: deque[float] = deque(maxlen=window)
        self.course: list[tuple[float, float]] = []
        self.stride = 1
        self.pending: list[tuple[float, float]] = []  # of the next point
        self.low = self.high = (math.inf, 0)  # value and step; the highest is negated

    def add(self, step: int, value: float) -> None:
        """Append a value; one that is NaN or infinite is ignored."""
        if not math.isfinite(value):
            return
        self.recent.append(value)
        self.low, self.high = min(self.low, (value, step)), min(self.high, (-value, step))
        self.pending.append((step, value))
        if len(self.pending) == self.stride:
            self.course.append(_mean_point(self.pending))
            self.pending = []
        if len(self.course) == 2 * POINTS:
            pairs = zip(self.course[::2], self.course[1::2], strict=True)
            self.course = [_mean_point(pair) for pair in pairs]
            self.stride *= 2

    @property
    def mean(self) -> float:
        """Mean of the window."""
        return float(np.mean(self.recent))

    @property
    def points(self) -> list[tuple[float, float]]:
        """Steps and values, up to the last."""
        return [*self.course, *([_mean_point(self.pending)] if self.pending else [])]

    def statistics(self, higher_is_better: bool | None) -> dict[str, float]:
        """Return ``last``; ``mean`` and ``std`` (standard deviation) of the window; ``trend``,
        the improvement over the window as a share of the value, or the rise where None is better;
        ``best`` and its step ``best_at``, except for None.
        """
        sign = 1 if higher_is_better is False else -1
        found = {"last": self.recent[-1], "mean": self.mean, "std": float(np.std(self.recent))}
        if len(self.recent) >= MIN_POINTS and np.median(self.recent) != 0:
            found["trend"] = trend([sign * value for value in self.recent]).improvement
        if higher_is_better is not None:
            value, found["best_at"] = self.high if higher_is_better else self.low
            found["best"] = sign * value
        return found

    def state_dict(self) -> PlainData:
        return {
            "course": torch.tensor(self.course, dtype=torch.float64), "stride": self.stride,
            "pending": self.pending, "recent": list(self.recent), "low": self.low,
            "high": self.high,
        }  # fmt: skip

    def load_state_dict(self, state: PlainData) -> None:
        self.course = [(step, value) for step, value in state["course"].tolist()]
        self.stride, self.pending = state["stride"], list(state["pending"])
        self.recent.extend(state["recent"])
        self.low, self.high = state["low"], state["high"]


def _mean_point(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    step, value = np.mean(list(points), axis=0).tolist()
    return step, value

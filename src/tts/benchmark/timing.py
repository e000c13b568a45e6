"""Interleaved timing of several tasks, comparable on a busy machine."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

import torch


class PairedTimer(NamedTuple):
    """Times several tasks in alternation."""

    rounds: int
    seconds: float  # limit for all rounds of one comparison; at least one round is measured
    device: torch.device

    def compare(self, tasks: Mapping[str, Callable[[], object]]) -> "Times":
        """Run all tasks once per round, after a warm-up round.

        Alternation spreads the load of other processes evenly over the tasks.
        """
        times: dict[str, list[float]] = {name: [] for name in tasks}
        for task in tasks.values():
            task()
        start = time.perf_counter()
        for _ in range(self.rounds):
            for name, task in tasks.items():
                times[name].append(self._time(task))
            if time.perf_counter() - start > self.seconds:
                break
        return Times(times)

    def _time(self, task: Callable[[], object]) -> float:
        self._synchronize()
        start = time.perf_counter()
        task()
        self._synchronize()
        return time.perf_counter() - start

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class Times(NamedTuple):
    """Seconds of every round, by task."""

    rounds: dict[str, list[float]]

    def seconds(self, name: str) -> float:
        """Return the median over rounds."""
        return median(self.rounds[name])

    def milliseconds(self, name: str) -> float:
        """Return the median over rounds in milliseconds."""
        return 1e3 * self.seconds(name)

    def ratio(self, name: str, other: str) -> float:
        """Return the median over rounds of the ratio of two tasks in the same round."""
        pairs = zip(self.rounds[name], self.rounds[other], strict=True)
        return median(a / b for a, b in pairs)

"""Durations that can be compared on a machine that others use too."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

import torch


class PairedTimer(NamedTuple):
    """How often and how long to measure, and on what."""

    rounds: int
    seconds: float  # all rounds of one comparison together; at least one round is measured
    device: torch.device

    def compare(self, tasks: Mapping[str, Callable[[], object]]) -> "Times":
        """Run the tasks in turns, after one unmeasured turn that plans and allocates.

        A neighbor's burst then falls on all of them alike instead of on whichever was running.
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
        self._wait()
        start = time.perf_counter()
        task()
        self._wait()
        return time.perf_counter() - start

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class Times(NamedTuple):
    """Seconds of every round by task."""

    rounds: dict[str, list[float]]

    def seconds(self, name: str) -> float:
        """The median round."""
        return median(self.rounds[name])

    def milliseconds(self, name: str) -> float:
        return 1e3 * self.seconds(name)

    def ratio(self, name: str, other: str) -> float:
        """The median over rounds of one task's time beside the other's in the same round."""
        pairs = zip(self.rounds[name], self.rounds[other], strict=True)
        return median(a / b for a, b in pairs)

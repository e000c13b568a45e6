"""Phase timer: the share of time of each phase of a step, on the clock of its device."""

import time
from collections import Counter
from typing import Any

import torch
from lightning.pytorch.profilers import PassThroughProfiler

Mark = Any  # time.perf_counter(), or a torch.cuda.Event
MAX_INTERVALS = 2000  # kept between two readings; later ones are dropped


class PhaseTimer:
    """Adds the time since the previous mark to the phase that a mark ends.

    With ``cuda`` a mark is an event in the stream: it has the device's time, not the host's, and
    nothing waits for it before :meth:`read`.
    """

    def __init__(self, cuda: bool = False) -> None:
        self.cuda = cuda
        self._intervals: list[tuple[str, Mark, Mark]] = []
        self._last: Mark | None = None

    def mark(self, phase: str | None = None) -> None:
        """End ``phase`` here; with None, drop the time since the previous mark."""
        if len(self._intervals) >= MAX_INTERVALS:
            self._last = None
            return
        now: Mark = time.perf_counter()
        if self.cuda:
            now = torch.cuda.Event(enable_timing=True)
            now.record()
        if phase is not None and self._last is not None:
            self._intervals.append((phase, self._last, now))
        self._last = now

    def pause(self) -> None:
        """Drop the time from here to the next mark."""
        self._last = None

    def read(self) -> dict[str, float]:
        """Return each phase's share of the time since the last reading; waits for the device."""
        if self.cuda and self._intervals:
            self._intervals[-1][2].synchronize()
        times: Counter[str] = Counter()
        for phase, start, end in self._intervals:
            times[phase] += start.elapsed_time(end) if self.cuda else end - start
        self._intervals.clear()
        total = max(times.total(), 1e-9)
        return {phase: spent / total for phase, spent in times.items()}


class FetchProfiler(PassThroughProfiler):
    """Marks when Lightning begins to fetch a batch, for which it has no hook."""

    def __init__(self, timer: PhaseTimer) -> None:
        super().__init__()
        self.timer = timer

    def start(self, action_name: str) -> None:
        if action_name.endswith("train_dataloader_next"):
            self.timer.mark("rest")

"""Where time goes, phase by phase, on the clock of the device that does the work."""

import time
from collections import Counter
from typing import Any

import torch

MOST = 2000  # laps between two readings; what comes after them is not looked at


class PhaseTimer:
    """Counts the time since the last mark to the phase that ends with a mark.

    With ``cuda`` a mark is an event in the stream: it tells when the device got there, not the host
    that runs ahead of it, and nobody waits for it before :meth:`read`.
    """

    def __init__(self, cuda: bool = False) -> None:
        self.cuda = cuda
        self._laps: list[tuple[str, Any, Any]] = []
        self._last: Any = None

    def mark(self, phase: str | None = None) -> None:
        """``phase`` ends here; None where what went on before is not to count."""
        if len(self._laps) >= MOST:
            self._last = None
            return
        now: Any = time.perf_counter()
        if self.cuda:
            now = torch.cuda.Event(enable_timing=True)
            now.record()
        if phase is not None and self._last is not None:
            self._laps.append((phase, self._last, now))
        self._last = now

    def pause(self) -> None:
        """What goes on from here to the next mark does not count."""
        self._last = None

    def read(self) -> dict[str, float]:
        """Shares of the phases since the last reading. Waits for the device to get to its end."""
        if self.cuda and self._laps:
            self._laps[-1][2].synchronize()
        times: Counter[str] = Counter()
        for phase, start, end in self._laps:
            times[phase] += start.elapsed_time(end) if self.cuda else end - start
        self._laps.clear()
        whole = max(times.total(), 1e-9)
        return {phase: spent / whole for phase, spent in times.items()}

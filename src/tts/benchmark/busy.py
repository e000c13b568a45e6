"""Synthesis beside busy processes: one CPU is free, and the time must not grow."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tts.benchmark.report import Goal, Section
from tts.benchmark.startup import TEXT, run_python
from tts.benchmark.timing import PairedTimer
from tts.child_processes import announced_parent, blocked_stop_signals
from tts.threads import usable_cpus

ALONE = "alone"
PROGRAM = """
from tts.child_processes import end_with_announced_parent
end_with_announced_parent()
print(flush=True)
while True:
    pass
"""


class BusyRow(NamedTuple):
    neighbors: str
    seconds: float
    of_alone: float


def benchmark_busy(timer: PairedTimer) -> Section:
    """Time ``synthesize.py`` with ten words, alone and beside processes that keep CPUs busy."""
    count = max(usable_cpus() - 1, 1)
    beside = f"{count} busy process{'es' if count > 1 else ''}"
    with TemporaryDirectory() as folder:
        speak = partial(
            run_python, folder, "synthesize.py", f"text={TEXT}", f"out={folder}/speech.wav"
        )

        def speak_beside() -> None:
            with busy_processes(count):
                speak()

        times = timer.compare({ALONE: speak, beside: speak_beside})
    rows = [
        BusyRow(name, times.seconds(name), times.ratio(name, ALONE)) for name in (ALONE, beside)
    ]
    goal = Goal("synthesis beside them, relative to alone", times.ratio(beside, ALONE), 1.3)
    title = "Synthesis of ten words beside busy processes that leave one CPU free"
    return Section("busy", title, rows, [goal])


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep ``count`` CPUs busy inside the block."""
    with announced_parent(), blocked_stop_signals():
        processes = [
            subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE)
            for _ in range(count)
        ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # it computes
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()

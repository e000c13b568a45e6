"""Live table of runs on the terminal: progress, speed, losses, utilization, memory, time left."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from tts.console import console
from tts.console_tables import Column, print_table, table
from tts.errors import UserError
from tts.training.run_state import RunReader, RunState, find_runs

LATE = 120.0  # seconds without a new value, after which a running run is marked
SHOWN = 30  # runs, at most: those that run, then the latest


def monitor(folders: Sequence[Path], once: bool, every: float) -> None:
    """Print the runs below ``folders``; again every ``every`` seconds until Ctrl-C, or ``once``.

    Raises UserError for a folder that does not exist, and with ``once`` where there is no run.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: there is no such folder; give the folder of your runs")
    readers: dict[Path, RunReader] = {}
    out = console()
    if once:
        states = _states(list(folders), readers)
        if not states:
            named = ", ".join(map(str, folders))
            raise UserError(f"{named}: no runs of train.py in it")
        first, *columns = columns_of(states)
        print_table(out, "runs", first, columns)
        return
    with Live(console=out, auto_refresh=False) as live:
        while True:
            live.update(_page(_states(list(folders), readers)), refresh=True)
            time.sleep(every)


def _states(folders: list[Path], readers: dict[Path, RunReader]) -> list[RunState]:
    """Return the states of the runs to show, running ones first."""
    for path, name in find_runs(folders):
        readers.setdefault(path, RunReader(path, name))
    states = [reader.read() for path, reader in readers.items() if path.is_dir()]
    states.sort(key=lambda state: (state.status != "running", state.age))
    return states[:SHOWN]


def _page(states: list[RunState]) -> RenderableType:
    if not states:
        return Text("no runs yet; Ctrl-C ends")
    return Group(table(time.strftime("runs, %H:%M:%S"), columns_of(states)), Text("Ctrl-C ends"))


def columns_of(states: Sequence[RunState]) -> list[Column]:
    """Return the columns of the table; those without a value in any run are left out."""
    columns = [
        Column("run", [state.name for state in states], right=False),
        Column("status", [_status(state) for state in states], right=False),
        Column("step", [_step(state) for state in states]),
        Column("left", [_duration(state.seconds_left) for state in states]),
        Column("frames/s", _metric(states, "speed/frames_per_second", "{:,.0f}")),
        Column("train/loss", _metric(states, "train/loss", "{:.3f}")),
        Column("val/loss", _metric(states, "val/loss", "{:.3f}")),
        Column("val/mel", _metric(states, "val/mel", "{:.3f}")),
        Column("GPU", _metric(states, "speed/gpu_utilization", "{:.0%}")),
        Column("no data", _metric(states, "speed/data_stall", "{:.0%}")),
        Column("GPU GiB", _metric(states, "memory/gpu_peak", "{:.1f}")),
        Column("RAM GiB", _metric(states, "memory/ram_peak", "{:.1f}")),
    ]
    return [column for column in columns if any(column.cells)]


def _metric(states: Sequence[RunState], name: str, form: str) -> list[str]:
    return [form.format(s.metrics[name]) if name in s.metrics else "" for s in states]


def _status(state: RunState) -> str:
    if state.status == "running" and state.age > LATE:
        return f"running, silent for {_duration(state.age)}"
    return state.status


def _step(state: RunState) -> str:
    return f"{state.step:,}" if state.steps is None else f"{state.step:,}/{state.steps:,}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"

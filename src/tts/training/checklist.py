"""Checklist of trainings: one model trained in every way that this machine can, in one table.

A plan for little time on a new machine: rows in order of worth, a limit for each and for all, and
results on disk after every row.
"""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from tts.files import write_json, write_text
from tts.plain_data import PlainData, read_json
from tts.project_files import python_words
from tts.training.checklist_rows import BENCHMARK, ChecklistRow, rows
from tts.training.summary import SUMMARY

DONE = "done"
NO_GPU = "not run: there is no GPU"
NO_TIME = "not run: the time is over"
NO_REFERENCE = "done, but the row it is compared with has no loss"
LEAST = 15.0  # seconds that a row needs to be worth starting
GRACE = 15.0  # seconds between the request to stop and the end by force


class Finished(NamedTuple):
    """A command that ended, or was ended."""

    status: int
    errors: str
    stopped: bool = False  # at its limit


class Outcome(NamedTuple):
    """Result of a row; None where the row has no such number."""

    name: str
    status: str
    seconds: float | None = None
    loss: float | None = None
    difference: float | None = None  # of the loss from the compared row's, as a share of it
    steps_per_second: float | None = None
    frames_per_second: float | None = None
    gib: float | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong; a row that was not run is no fault."""
        return self.status in (DONE, NO_GPU, NO_TIME)

    @property
    def percent(self) -> float | None:
        return None if self.difference is None else 100 * self.difference


def run_checklist(
    names: Sequence[str],
    folder: Path,
    overrides: Sequence[str] = (),
    minutes: float = 12.0,
    steps: int | None = None,
) -> list[Outcome]:
    """Train the named rows with additional ``overrides``; print their table.

    ``folder`` receives a run for each row, and after every row ``checklist.json`` and
    ``checklist.md``. Rows that the time does not reach say so. ``steps``: of every row; None = the
    row's own.
    """
    deadline = time.monotonic() + 60 * minutes
    outcomes: list[Outcome] = []
    losses: dict[str, float | None] = {}
    for row in rows():
        if row.name not in names:
            continue
        left = deadline - time.monotonic()
        if row.gpu and not torch.cuda.is_available():
            outcome = Outcome(row.name, NO_GPU)
        elif left < LEAST:
            outcome = Outcome(row.name, NO_TIME)
        else:
            print(f"{row.name} ... {left:.0f} s left", file=sys.stderr)
            row = row._replace(steps=steps or row.steps, seconds=min(row.seconds, left))
            outcome = train(row, folder, losses, overrides)
        losses[row.name] = outcome.loss
        outcomes.append(outcome)
        write_json(folder / "checklist.json", [each._asdict() for each in outcomes])
        write_text(folder / "checklist.md", table(outcomes) + "\n")
    print(table(outcomes))
    return outcomes


def train(
    row: ChecklistRow,
    folder: Path,
    losses: dict[str, float | None],
    overrides: Sequence[str] = (),
) -> Outcome:
    """Train one row; ``losses``: of the rows before it, by name."""
    run = folder / row.name.replace(" ", "_")
    (run / SUMMARY).unlink(missing_ok=True)  # of an earlier checklist
    start = time.monotonic()
    for words in _commands(row, run, overrides):
        done = run_command([sys.executable, *words], row.seconds - (time.monotonic() - start))
        if done.status or done.stopped:
            break
    seconds = time.monotonic() - start
    summary: PlainData = read_json(run / SUMMARY) if (run / SUMMARY).is_file() else {}
    metrics = summary.get("metrics", {})
    loss = metrics.get("val/loss")
    reference = losses.get(row.compare)
    difference = loss / reference - 1 if loss is not None and reference else None
    return Outcome(
        row.name,
        _status(row, run, done, loss, difference, row.compare in losses),
        seconds,
        loss,
        difference,
        metrics.get("speed/steps_per_second"),
        metrics.get("speed/frames_per_second"),
        metrics.get("memory/gpu_peak", metrics.get("memory/ram_peak")),
    )


def run_command(words: Sequence[str], seconds: float) -> Finished:
    """Run a command; after ``seconds`` ask it to stop, and ``GRACE`` seconds later end it."""
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                               start_new_session=True)  # fmt: skip
    try:
        return Finished(0, process.communicate(timeout=max(seconds, 1.0))[1])._replace(
            status=process.returncode
        )
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            errors = process.communicate(timeout=GRACE)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            errors = process.communicate()[1]
        return Finished(process.returncode, errors, stopped=True)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def _commands(row: ChecklistRow, run: Path, overrides: Sequence[str]) -> list[list[str]]:
    """Return what follows ``python`` for each process of a row."""
    if row.command == BENCHMARK:
        return [["-m", "tts", BENCHMARK, *row.overrides, f"out={run}.json"]]
    first = row.steps // 2 if row.resumed else row.steps
    words = [
        "experiment=demo", "callbacks.samples=null", "callbacks.validation_metrics=null",
        f"scheduler.warmup_steps={max(row.steps // 10, 1)}", *row.overrides,
        f"trainer.max_steps={first}", f"trainer.val_check_interval={first}",
        f"trainer.log_every_n_steps={min(first, 10)}", f"hydra.run.dir={run}", *overrides,
    ]  # fmt: skip
    commands = [[*python_words("train"), *words]]
    if row.resumed:
        rest = [f"resume={run}", f"trainer.max_steps={row.steps}"]
        commands.append([*python_words("train"), *rest])
    return commands


def _status(
    row: ChecklistRow,
    run: Path,
    done: Finished,
    loss: float | None,
    difference: float | None,
    compared: bool,
) -> str:
    """Say in words how a row ended; ``compared``: whether the other row was run."""
    if done.stopped:
        return f"stopped at its limit of {row.seconds:.0f} s"
    if done.status:
        lines = done.errors.strip().splitlines() or [f"failed with status {done.status}"]
        return lines[-1].removeprefix("error: ")
    if loss is not None and not math.isfinite(loss):
        return f"the loss is {loss}"
    if bundles := list(run.glob("failures/*")):
        return f"steps were skipped: {bundles[0]}"
    if row.tolerance is None or not compared:
        return DONE
    if difference is None:
        return NO_REFERENCE
    if abs(difference) > row.tolerance:
        return f"the loss differs from {row.compare}'s by more than {row.tolerance:.1%}"
    return DONE


def table(outcomes: list[Outcome]) -> str:
    """Format the outcomes as a Markdown table."""
    heads = ("training", "s", "val/loss", "% from the compared", "steps/s", "frames/s", "GiB", "")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for each in outcomes:
        numbers = (
            f"{x:,.{digits}f}" if x is not None else "–"
            for x, digits in (
                (each.seconds, 0),
                (each.loss, 3),
                (each.percent, 2),
                (each.steps_per_second, 2),
                (each.frames_per_second, 0),
                (each.gib, 2),
            )
        )
        lines.append(f"| {each.name} | {' | '.join(numbers)} | {each.status} |")
    return "\n".join(lines)

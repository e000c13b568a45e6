"""Checklist of trainings: one model trained in every way that this machine can, in one table."""

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from tts.files import write_json
from tts.plain_data import PlainData, read_json
from tts.project_files import python_words
from tts.training.summary import SUMMARY

NO_GPU = "not run: there is no GPU"


class ChecklistRow(NamedTuple):
    """One way to train."""

    name: str
    overrides: tuple[str, ...]
    gpu: bool = True  # whether it needs one
    same_batches: bool = True  # as the first row of its size, so that their losses compare


def rows() -> list[ChecklistRow]:
    """Return all rows, smallest models first; a size's first row is its reference."""
    plain, bf16 = "trainer.precision=32-true", "trainer.precision=bf16-mixed"
    small = [
        ChecklistRow("plain", ("trainer=default", plain), gpu=False),
        ChecklistRow("ddp_cpu", ("trainer=ddp_cpu", plain), gpu=False, same_batches=False),
        ChecklistRow("checkpointed", ("trainer.checkpoint_activations=true", plain), gpu=False),
        ChecklistRow("compiled", ("trainer.compile=inductor", plain)),
        ChecklistRow("bf16-mixed", (bf16,)),
        ChecklistRow("bf16-true", ("trainer.precision=bf16-true",)),
        ChecklistRow("16-mixed", ("trainer.precision=16-mixed",)),
        *(
            ChecklistRow(name, (f"trainer={name}", bf16), same_batches=False)
            for name in ("ddp", "fsdp", "deepspeed_zero1", "deepspeed_zero2", "deepspeed_zero3")
        ),
    ]
    other = [
        ChecklistRow(
            f"{size} {precision}", (f"model/size={size}", f"trainer.precision={precision}")
        )
        for size in ("base", "large")
        for precision in ("bf16-mixed", "16-mixed")
    ]
    return small + other


class Outcome(NamedTuple):
    """Result of a row; None where the row has no such number."""

    name: str
    status: str
    loss: float | None = None
    difference: float | None = None  # of the loss from the reference's, as a share of it
    frames_per_second: float | None = None
    gib: float | None = None

    @property
    def percent(self) -> float | None:
        return None if self.difference is None else 100 * self.difference


def run_checklist(
    names: Sequence[str], steps: int, folder: Path, overrides: Sequence[str] = ()
) -> list[Outcome]:
    """Train the named rows with additional ``overrides``; print and write their table.

    ``folder`` receives a run for each row, and ``checklist.json``.
    """
    outcomes: list[Outcome] = []
    reference: dict[str, float | None] = {}  # loss by size
    for row in rows():
        if row.name not in names:
            continue
        if row.gpu and not torch.cuda.is_available():
            outcomes.append(Outcome(row.name, NO_GPU))
            continue
        print(f"{row.name} ...", file=sys.stderr)
        size = next((word for word in row.overrides if word.startswith("model/size=")), "")
        outcomes.append(train(row, steps, folder, reference.get(size), overrides))
        reference.setdefault(size, outcomes[-1].loss)
    print(table(outcomes))
    write_json(folder / "checklist.json", [each._asdict() for each in outcomes])
    return outcomes


def train(
    row: ChecklistRow,
    steps: int,
    folder: Path,
    reference: float | None = None,
    overrides: Sequence[str] = (),
) -> Outcome:
    """Train one row in a process of its own; ``reference``: the loss to compare with."""
    run = folder / row.name.replace(" ", "_")
    words = [
        "experiment=demo", "model/size=small", *row.overrides, f"trainer.max_steps={steps}",
        f"trainer.val_check_interval={steps}", f"trainer.log_every_n_steps={min(steps, 10)}",
        "callbacks.samples=null", "callbacks.validation_metrics=null", f"hydra.run.dir={run}",
        f"scheduler.warmup_steps={max(steps // 10, 1)}", *overrides,
    ]  # fmt: skip
    command = [sys.executable, *python_words("train"), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    errors = done.stderr.strip().splitlines() or [f"failed with status {done.returncode}"]
    summary: PlainData = {}
    if (run / SUMMARY).is_file():
        summary = read_json(run / SUMMARY)
    metrics = summary.get("metrics", {})
    loss = metrics.get("val/loss")
    status = "done" if done.returncode == 0 else errors[-1].removeprefix("error: ")
    if loss is not None and not math.isfinite(loss):
        status = f"the loss is {loss}"
    elif bundles := list(run.glob("failures/*")):
        status = f"steps were skipped: {bundles[0]}"
    return Outcome(
        row.name,
        status,
        loss,
        loss / reference - 1 if loss is not None and reference and row.same_batches else None,
        metrics.get("speed/frames_per_second"),
        metrics.get("memory/gpu_peak", metrics.get("memory/ram_peak")),
    )


def table(outcomes: list[Outcome]) -> str:
    """Format the outcomes as a Markdown table."""
    heads = ("training", "val/loss", "% from the first", "frames/s", "GiB", "")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for each in outcomes:
        numbers = (
            f"{x:,.{digits}f}" if x is not None else "–"
            for x, digits in (
                (each.loss, 3),
                (each.percent, 1),
                (each.frames_per_second, 0),
                (each.gib, 2),
            )
        )
        lines.append(f"| {each.name} | {' | '.join(numbers)} | {each.status} |")
    return "\n".join(lines)

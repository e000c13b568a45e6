"""Train the same model every way that this machine can, and print what agrees and how fast it is.

python -m tts.cli.checklist                            on a GPU: everything
python -m tts.cli.checklist --only plain,ddp_cpu --steps 20 data=ljspeech data.root=DIR

Every row is a training by train.py in a process of its own, of the demo corpus unless overrides
say otherwise, under outputs/checklist. Losses are compared with that of their size's first row,
where the batches are the same. Status 1 when one failed, skipped a step or ended in no number.
"""

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tts.training.summary import SUMMARY

NO_GPU = "not run: there is no GPU"
TRAIN = Path(__file__).parents[3] / "train.py"


class ChecklistRow(NamedTuple):
    """A way to train; ``gpu``: it needs one; ``alike``: on its size's first row's batches."""

    name: str
    overrides: tuple[str, ...]
    gpu: bool = True
    alike: bool = True


def rows() -> list[ChecklistRow]:
    """Smallest first; the first of a size is what the others of it are compared with."""
    plain, bf16 = "trainer.precision=32-true", "trainer.precision=bf16-mixed"
    small = [
        ChecklistRow("plain", ("trainer=default", plain), gpu=False),
        ChecklistRow("ddp_cpu", ("trainer=ddp_cpu", plain), gpu=False, alike=False),
        ChecklistRow("checkpointed", ("trainer.checkpoint_activations=true", plain), gpu=False),
        ChecklistRow("compiled", ("trainer.compile=inductor", plain)),
        ChecklistRow("bf16-mixed", (bf16,)),
        ChecklistRow("bf16-true", ("trainer.precision=bf16-true",)),
        ChecklistRow("16-mixed", ("trainer.precision=16-mixed",)),
        *(
            ChecklistRow(name, (f"trainer={name}", bf16), alike=False)
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
    """What came of a row; None = it says nothing of it."""

    name: str
    status: str
    loss: float | None
    difference: float | None  # of the loss, as a share of that of its size's first row
    frames_per_second: float | None
    gib: float | None

    @property
    def percent(self) -> float | None:
        return None if self.difference is None else 100 * self.difference


def train(
    row: ChecklistRow,
    steps: int,
    folder: Path,
    first: float | None = None,
    more: Sequence[str] = (),
) -> Outcome:
    """Run one row to its end, with more overrides; ``first``: the loss it is compared with."""
    run = folder / row.name.replace(" ", "_")
    words = [
        "experiment=demo", "model/size=small", *row.overrides, f"trainer.max_steps={steps}",
        f"trainer.val_check_interval={steps}", f"trainer.log_every_n_steps={min(steps, 10)}",
        "callbacks.samples=null", "callbacks.validation_metrics=null", f"hydra.run.dir={run}",
        f"scheduler.warmup_steps={max(steps // 10, 1)}", *more,
    ]  # fmt: skip
    done = subprocess.run([sys.executable, str(TRAIN), *words], capture_output=True, text=True)
    said = done.stderr.strip().splitlines() or ["it said nothing"]
    summary: dict[str, Any] = {}
    if (run / SUMMARY).is_file():
        summary = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
    metrics = summary.get("metrics", {})
    loss = metrics.get("val/loss")
    status = "done" if done.returncode == 0 else said[-1].removeprefix("error: ")
    if loss is not None and not math.isfinite(loss):
        status = f"the loss is {loss}"
    elif bundles := list(run.glob("failures/*")):
        status = f"steps were skipped: {bundles[0]}"
    return Outcome(
        row.name,
        status,
        loss,
        loss / first - 1 if loss is not None and first and row.alike else None,
        metrics.get("speed/frames_per_second"),
        metrics.get("memory/gpu_peak", metrics.get("memory/ram_peak")),
    )


def table(outcomes: list[Outcome]) -> str:
    """Markdown."""
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


def main() -> None:
    known = [row.name for row in rows()]
    parser = argparse.ArgumentParser(
        prog="python -m tts.cli.checklist",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="ROW,ROW", help=f"of {', '.join(known)}")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("outputs/checklist"))
    parser.add_argument("overrides", nargs="*", help="of every row, as train.py takes them")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",") if arguments.only else known
    if strangers := [name for name in wanted if name not in known]:
        parser.error(f"--only: there is no {strangers[0]!r}, choose from {', '.join(known)}")
    import torch

    outcomes: list[Outcome] = []
    first: dict[str, float | None] = {}  # by size
    for row in rows():
        if row.name not in wanted:
            continue
        if row.gpu and not torch.cuda.is_available():
            outcomes.append(Outcome(row.name, NO_GPU, None, None, None, None))
            continue
        print(f"{row.name} ...", file=sys.stderr)
        size = next((word for word in row.overrides if word.startswith("model/size=")), "")
        outcomes.append(
            train(row, arguments.steps, arguments.out, first.get(size), arguments.overrides)
        )
        first.setdefault(size, outcomes[-1].loss)
    print(table(outcomes))
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "checklist.json"
    file.write_text(json.dumps([each._asdict() for each in outcomes], indent=1), encoding="utf-8")
    if any(each.status not in ("done", NO_GPU) for each in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()

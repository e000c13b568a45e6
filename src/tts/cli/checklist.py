"""Check every way to train that this machine offers; compare losses, speed and memory.

python -m tts checklist                            on a GPU: everything
python -m tts checklist --only plain,ddp_cpu --steps 20 data=ljspeech data.root=DIR

Every row is a training by train.py in a process of its own, under outputs/checklist, of the demo
corpus unless overrides choose another. Losses are compared with the first row of the same model
size where both take the same batches. The status is 1 when a row failed, skipped a step or ended
with a NaN or infinite loss.
"""

import sys
from pathlib import Path

from tts.child_processes import announced_parent
from tts.config.arguments import ArgumentParser, positive
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports


def main() -> None:
    with reported(), announced_parent():
        parser = ArgumentParser("checklist", __doc__)
        parser.add_argument("--only", metavar="ROW,ROW", help="names of rows (all of them)")
        parser.add_argument(
            "--steps", type=positive, default=500, help="optimizer steps of a row (500)"
        )
        parser.add_argument("--out", type=Path, default=Path("outputs/checklist"), help="folder")
        parser.add_argument("overrides", nargs="*", help="for every row, as train.py takes them")
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.training.checklist import NO_GPU, rows, run_checklist

        known = [row.name for row in rows()]
        names = arguments.only.split(",") if arguments.only else known
        if unknown := [name for name in names if name not in known]:
            parser.error(f"--only: there is no row {unknown[0]!r}; choose from {', '.join(known)}")
        outcomes = run_checklist(names, arguments.steps, arguments.out, arguments.overrides)
        if any(each.status not in ("done", NO_GPU) for each in outcomes):
            sys.exit(1)


if __name__ == "__main__":
    main()

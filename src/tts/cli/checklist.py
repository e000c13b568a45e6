"""Check every way to train that this machine offers; compare losses, speed and memory.

python -m tts checklist                            on a GPU: everything, in 12 minutes
python -m tts checklist --only plain,ddp_cpu --steps 20 data=ljspeech data.root=DIR
python -m tts checklist --list                     names, limits and overrides of the rows

Every row is a training by train.py in a process of its own, under outputs/checklist, of the demo
corpus unless overrides choose another. Rows are in order of worth. Each has a limit, and those
that --minutes does not reach are left out. checklist.json and checklist.md are written after every
row. The status is 1 when a row failed, skipped a step, ended with a NaN or infinite loss, or
differs from the row it is compared with by more than its tolerance.
"""

import sys
from pathlib import Path

from tts.child_processes import announced_parent
from tts.config.arguments import ArgumentParser, above_zero, positive
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports


def main() -> None:
    with reported(), announced_parent():
        parser = ArgumentParser("checklist", __doc__)
        parser.add_argument("--only", metavar="ROW,ROW", help="names of rows (all of them)")
        parser.add_argument("--steps", type=positive, help="optimizer steps of every row")
        parser.add_argument("--minutes", type=above_zero, default=12, help="limit of all rows (12)")
        parser.add_argument("--list", action="store_true", help="print the rows and train nothing")
        parser.add_argument("--out", type=Path, default=Path("outputs/checklist"), help="folder")
        parser.add_argument("overrides", nargs="*", help="for every row, as train.py takes them")
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.training.checklist import run_checklist
            from tts.training.checklist_rows import rows

        known = [row.name for row in rows()]
        names = arguments.only.split(",") if arguments.only else known
        if unknown := [name for name in names if name not in known]:
            parser.error(f"--only: there is no row {unknown[0]!r}; choose from {', '.join(known)}")
        if arguments.list:
            for row in rows():
                print(f"{row.name:28}{row.seconds:4.0f} s  {' '.join(row.overrides)}")
            return
        outcomes = run_checklist(
            names, arguments.out, arguments.overrides, arguments.minutes, arguments.steps
        )
        if not all(each.passed for each in outcomes):
            sys.exit(1)


if __name__ == "__main__":
    main()

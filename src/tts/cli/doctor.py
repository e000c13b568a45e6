"""Check this workplace: environment, memory by model size, data, configs; a page of findings.

python -m tts doctor
python -m tts doctor --prepared /data/prepared --outputs /data/outputs --sizes small

Each finding is ok, a note or a problem, with the command that helps. Status 1 where there is a
problem. For the memory a training step of each size is taken. Corpora are checked by
python -m tts prepare.
"""

import sys
from pathlib import Path

from tts.config.arguments import ArgumentParser
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports


def main() -> None:
    with reported():
        parser = ArgumentParser("doctor", __doc__)
        parser.add_argument(
            "--prepared", type=Path, default=Path("prepared"), help="folder of prepared corpora"
        )
        parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="folder of runs")
        parser.add_argument(
            "--sizes",
            metavar="SIZE,SIZE",
            help="of model/size, tried with a step (tiny,small,base)",
        )
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.benchmark.doctor import MEASURED, SIZES, doctor

        sizes = arguments.sizes.split(",") if arguments.sizes else MEASURED
        if unknown := [size for size in sizes if size not in SIZES]:
            parser.error(f"--sizes: choose from {', '.join(SIZES)}, not {unknown[0]!r}")
        if not doctor(arguments.prepared, arguments.outputs, sizes):
            sys.exit(1)


if __name__ == "__main__":
    main()

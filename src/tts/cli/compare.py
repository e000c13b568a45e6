"""One table of runs: what was changed and what came of it.

python -m tts.cli.compare outputs/demo/..._multirun
python -m tts.cli.compare outputs/one outputs/two --out outputs/comparison

Prints it and writes comparison.csv, comparison.png and TensorBoard's HParams into the first
folder, or into --out.
"""

import argparse
import sys

from tts.errors import UserError
from tts.memory import gc_frozen_imports


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tts.cli.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", help="a sweep, or runs")
    parser.add_argument("--out", help="where the files go")
    arguments = parser.parse_args()
    with gc_frozen_imports():
        from tts.training.comparison import compare

    try:
        compare(arguments.folders, arguments.out)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

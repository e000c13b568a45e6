"""Compare runs in one table: their overrides and their results.

python -m tts compare outputs/demo/..._multirun
python -m tts compare outputs/one outputs/two --out outputs/comparison

Prints the table and writes comparison.csv, comparison.png and TensorBoard's HParams into the first
folder, or into --out.
"""

import argparse
import sys

from tts.errors import UserError
from tts.memory import gc_frozen_imports
from tts.signals import ending_on_signals
from tts.threads import wait_briefly


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tts compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", help="folders of runs, or of a multirun")
    parser.add_argument("--out", help="folder to write to")
    arguments = parser.parse_args()
    wait_briefly()
    with ending_on_signals():
        with gc_frozen_imports():
            from tts.training.comparison import compare

        try:
            compare(arguments.folders, arguments.out)
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(2) from None


if __name__ == "__main__":
    main()

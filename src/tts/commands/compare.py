"""One table of runs: what was changed and what came of it.

python -m tts.commands.compare outputs/demo/..._multirun
python -m tts.commands.compare outputs/one outputs/two --out outputs/comparison

Prints it and writes comparison.csv, comparison.png and TensorBoard's HParams into the first
folder, or into --out.
"""

import argparse
import sys

from tts.commands.memory import lasting
from tts.errors import UserError


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tts.commands.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", help="a sweep, or runs")
    parser.add_argument("--out", help="where the files go")
    arguments = parser.parse_args()
    with lasting():
        from tts.commands.comparison import compare

    try:
        compare(arguments.folders, arguments.out)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

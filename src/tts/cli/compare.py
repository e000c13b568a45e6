"""Compare runs in one table: their overrides and their results.

python -m tts compare outputs/demo/..._multirun
python -m tts compare outputs/one outputs/two --out outputs/comparison

Prints the table and writes comparison.csv, .png, .html and TensorBoard's HParams into the first
folder, or into --out.
"""

from tts.config.arguments import ArgumentParser
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports


def main() -> None:
    with reported():
        parser = ArgumentParser("compare", __doc__)
        parser.add_argument("folders", nargs="+", help="folders of runs, or of a multirun")
        parser.add_argument("--out", help="folder to write to")
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.training.comparison import compare

        compare(arguments.folders, arguments.out)


if __name__ == "__main__":
    main()

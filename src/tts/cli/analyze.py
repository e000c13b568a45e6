"""Analyze a run: curves of losses, accuracy, learning rate and speed, the time left, the log.

python -m tts analyze outputs/one_recording/...
python -m tts analyze RUN --out FOLDER

It reads TensorBoard's events, of a run that still trains too. Writes analysis.png and analysis.txt
into the run's folder, or into --out, and prints the latter.
"""

from tts.config.arguments import ArgumentParser
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports


def main() -> None:
    with reported():
        parser = ArgumentParser("analyze", __doc__)
        parser.add_argument("run", help="folder of a run")
        parser.add_argument("--out", help="folder to write to")
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.training.analysis import analyze

        print(analyze(arguments.run, arguments.out))


if __name__ == "__main__":
    main()

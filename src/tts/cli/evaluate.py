"""Score runs on sentences they never saw, or anybody's wavs, beside recordings and their copies.

python -m tts.cli.evaluate run=outputs/... utterances=40
python -m tts.cli.evaluate run=[outputs/a,outputs/b]
python -m tts.cli.evaluate wavs=DIR text=FILE ref=DIR
python -m tts.cli.evaluate run=<a vocoder's> data=ljspeech data.root=<another voice> split=all
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.evaluation.run import evaluate

    evaluate(config)


if __name__ == "__main__":
    launch(
        main, "evaluate", __doc__ or "", literal=("run", "wavs", "text", "ref", "out", "data.root")
    )

"""Score runs on unseen sentences, or any wavs, against recordings and their vocoder copies.

python -m tts evaluate run=outputs/... utterances=40
python -m tts evaluate run=[outputs/a,outputs/b]
python -m tts evaluate run=outputs/... speakers=unseen utterances=75
python -m tts evaluate wavs=DIR text=FILE ref=DIR
python -m tts evaluate run=VOCODER_RUN data=ljspeech data.root=OTHER_CORPUS split=all
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.evaluation.run import evaluate

    evaluate(config)


def main() -> None:
    launch(run, "evaluate", __doc__ or "")


if __name__ == "__main__":
    main()

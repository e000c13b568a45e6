"""Synthesize speech from text with a trained model.

python synthesize.py text="Good morning." out=morning.wav
python synthesize.py run=outputs/... text="Good morning." out=morning.wav
python synthesize.py run=outputs/... file=lines.txt out=wavs/ rate=1.1 pitch=-2 energy=3
echo "Good morning." | python synthesize.py run=outputs/...

``python -m tts synthesize`` is the same command.
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.synthesis.run import synthesize

    synthesize(config)


def main() -> None:
    launch(run, "synthesize", __doc__ or "")


if __name__ == "__main__":
    main()

"""Speak with a trained model.

python synthesize.py text="Good morning." out=morning.wav
python synthesize.py run=outputs/... text="Good morning." out=morning.wav
python synthesize.py run=outputs/... file=lines.txt out=wavs/ rate=1.1 pitch=-2 energy=3
echo "Good morning." | python synthesize.py run=outputs/...
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.cli.synthesize import synthesize

    synthesize(config)


if __name__ == "__main__":
    launch(main, "synthesize", __doc__ or "", literal=("run", "text", "file", "out", "reference"))

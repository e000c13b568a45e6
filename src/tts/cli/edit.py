"""Replace words in a recording, with a voice of model=masked_codec.

python -m tts edit run=outputs/... recording=a.wav text="We met on Monday morning." \\
    replace="Monday morning" with="Friday evening" out=b.wav
python -m tts edit run=outputs/... recording=a.wav text="We met." new_text="We met twice." out=b.wav

All samples but those of the new words and a crossfade around them stay those of the recording.
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.synthesis.edit import edit

    edit(config)


def main() -> None:
    launch(run, "edit", __doc__ or "")


if __name__ == "__main__":
    main()

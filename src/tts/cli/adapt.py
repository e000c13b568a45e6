"""Adapt a voice to a new speaker with minutes of speech, and write the adapted voice.

python -m tts adapt run=voices/lj data.root=FOLDER out=voices/me
python -m tts adapt data=recording data.audio=FILE data.transcription=FILE out=voices/me
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.training.adapt import adapt

    adapt(config)


def main() -> None:
    launch(run, "adapt", __doc__ or "")


if __name__ == "__main__":
    main()

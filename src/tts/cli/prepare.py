"""Prepare a corpus for training and print a report of its problems.

python -m tts prepare data=ljspeech data.root=DIR data.speaker=anna
python -m tts prepare data=recording data.audio=FILE data.transcription=FILE
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.config.corpora import prepare_from_config
        from tts.data.remote import origin

    for folder in prepare_from_config(config.data):
        print((folder / "report.txt").read_text(encoding="utf-8"), end="")
        print(f"-> {origin(folder) or folder}")


def main() -> None:
    launch(run, "prepare", __doc__ or "")


if __name__ == "__main__":
    main()

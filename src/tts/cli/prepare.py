"""Prepare a corpus and print the doctor's report.

python -m tts.cli.prepare data=ljspeech data.root=DIR data.speaker=anna
python -m tts.cli.prepare data=recording data.audio=FILE data.transcription=FILE
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

PATHS = ("data.root", "data.audio", "data.transcription", "data.prepared_dir", "data.codec")


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.config.corpora import prepare_from_config

    for folder in prepare_from_config(config.data):
        print((folder / "report.txt").read_text(encoding="utf-8"), end="")
        print(f"-> {folder}")


if __name__ == "__main__":
    launch(main, "prepare", __doc__ or "", literal=PATHS)

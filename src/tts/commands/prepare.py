"""Prepare a corpus and print the doctor's report.

python -m tts.commands.prepare data=ljspeech data.root=DIR data.speaker=anna
python -m tts.commands.prepare data=recording data.audio=FILE data.transcription=FILE
"""

from typing import Any

from tts.commands.app import launch

PATHS = ("data.root", "data.audio", "data.transcription", "data.prepared_dir")


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    from hydra.utils import instantiate

    from tts.data.prepare import prepare

    data = instantiate(config.data, _convert_="all")
    folders = prepare(
        data.corpora, data.frontend, data.contract, data.prepared_dir, data.settings,
        data.prepare_workers,
    )  # fmt: skip
    for folder in folders:
        print((folder / "report.txt").read_text(encoding="utf-8"), end="")
        print(f"-> {folder}")


if __name__ == "__main__":
    launch(main, "prepare", __doc__ or "", literal=PATHS)

"""Prepare a corpus and print the doctor's report.

python -m tts.commands.prepare data=ljspeech data.root=DIR data.speaker=anna
python -m tts.commands.prepare data=recording data.audio=FILE data.transcription=FILE
"""

from typing import Any

from tts.commands.app import launch

PARTS = ("source", "corpora", "frontend", "contract", "prepare")
PATHS = ("data.root", "data.audio", "data.transcription", "data.prepared_dir")


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    from tts.data.corpora.several import make_corpora
    from tts.data.prepare import prepare

    # the parts of the datamodule without the datamodule, which would import Lightning
    data = OmegaConf.to_container(config.data, resolve=True)
    parts = {key: instantiate(data.pop(key), _convert_="all") for key in PARTS}
    for key in ("_target_", "frames_per_batch", "workers", "seed"):
        data.pop(key)
    directory, workers = data.pop("prepared_dir"), data.pop("prepare_workers")
    corpora = make_corpora(parts["source"], parts["corpora"], data)
    folders = prepare(
        corpora, parts["frontend"], parts["contract"], directory, parts["prepare"], workers
    )
    for folder in folders:
        print((folder / "report.txt").read_text(encoding="utf-8"), end="")
        print(f"-> {folder}")


if __name__ == "__main__":
    launch(main, "prepare", __doc__ or "", literal=PATHS)

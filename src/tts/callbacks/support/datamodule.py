"""Data module of a trainer."""

from typing import cast

import lightning.pytorch as pl

from tts.data.datamodule import SpeechDataModule


def datamodule(trainer: pl.Trainer) -> SpeechDataModule:
    """Return the trainer's data module with the type of this project's."""
    return cast(SpeechDataModule, trainer.datamodule)  # type: ignore[attr-defined]

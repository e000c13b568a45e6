"""Data module of a trainer."""

from typing import cast

import lightning.pytorch as pl

from tts.data.datamodule import SpeechDataModule
from tts.plain_data import PlainData


def datamodule(trainer: pl.Trainer) -> SpeechDataModule:
    """Return the trainer's data module with the type of this project's."""
    return cast(SpeechDataModule, trainer.datamodule)  # type: ignore[attr-defined]


def is_without_validation(trainer: pl.Trainer) -> bool:
    """Return whether no utterance of the trainer's data is for validation."""
    data = datamodule(trainer)
    return isinstance(data, SpeechDataModule) and not len(data.dataset("validation"))


def has_same_validation_set(trainer: pl.Trainer, checkpoint: PlainData) -> bool:
    """Return whether a checkpoint's metrics are those of the validation set used now."""
    data = datamodule(trainer)
    if not isinstance(data, SpeechDataModule):
        return True
    saved = checkpoint.get(type(data).__qualname__, {}).get("validation")
    return saved is None or saved == data.splits().get("validation")

"""Training data: the prepared corpus, teacher-forced mels, the tuned batch size."""

import logging
from collections.abc import Callable

import lightning.pytorch as pl
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig

from tts.config.instantiate import instantiate
from tts.data.datamodule import SpeechDataModule
from tts.errors import UserError
from tts.training.teacher_forced_mels import use_teacher_forced_mels

warn = rank_zero_only(logging.getLogger(__name__).warning)


def prepare_data(config: DictConfig) -> SpeechDataModule:
    """Build the datamodule and prepare its corpora if they are not prepared yet."""
    data: SpeechDataModule = instantiate(config.data)
    data.prepare_data()
    if mel_from := config.data.get("mel_from"):
        if data.clips is None:
            raise UserError(f"data.mel_from={mel_from} is for training a vocoder: model=vocos, ...")
        use_teacher_forced_mels(data, mel_from)
    return data


def leave_out_empty_validation(data: SpeechDataModule, trainer: pl.Trainer) -> None:
    """Turn validation off, with a warning, where no utterance is for validation."""
    if not isinstance(data, SpeechDataModule) or len(data.dataset("validation")):
        return
    trainer.limit_val_batches = 0
    share = data.settings.prepare.validation_share
    why = f"data.prepare.validation_share={share:g}"
    if share:
        why = "they share one text, or data.unseen_speakers leaves them out"
    warn(
        "no utterance is for validation (%s): nothing is validated, and last.ckpt takes the place "
        "of best.ckpt", why,
    )  # fmt: skip


def tune_batch_size(
    config: DictConfig,
    data: SpeechDataModule,
    build: Callable[[], pl.LightningModule],
    trainer: pl.Trainer,
) -> None:
    """Set ``data.frames_per_batch`` to the largest that fits, in ``config`` too, as if given."""
    found = instantiate(config.tune)(data, build, trainer)
    config.data.frames_per_batch = data.frames_per_batch = found
    config.tune = None

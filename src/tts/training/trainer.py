"""Construction of Lightning's Trainer from the ``trainer`` section of the config."""

from copy import copy

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf, open_dict

from tts.callbacks.support.priority import sort_by_priority
from tts.callbacks.validation_schedule import ValidationSchedule
from tts.config.instantiate import PartError, instantiate, target_class
from tts.errors import UserError
from tts.training.acceleration import CUSTOM_TRAINER_KEYS


def build_loggers(config: DictConfig) -> list[Logger]:
    """Build the configured loggers, TensorBoard's by default."""
    return [instantiate(node) for node in (config.logger or {}).values() if node is not None]


def build_trainer(
    config: DictConfig, callbacks: list[pl.Callback], loggers: list[Logger]
) -> pl.Trainer:
    """Build the Trainer. Raises UserError for hardware or packages that are missing."""
    settings = copy(config.trainer)
    schedule = validation_schedule(settings)
    if optimizes_manually(config):
        settings = for_manual_optimization(settings)
    with open_dict(settings):
        # else Lightning adds a callback that saves by its own rules
        saves = any(isinstance(callback, Checkpoint) for callback in callbacks)
        settings.setdefault("enable_checkpointing", saves)
        for key in CUSTOM_TRAINER_KEYS:
            settings.pop(key)
    try:
        return instantiate(
            settings,
            # the schedule decides after every batch
            val_check_interval=1,
            check_val_every_n_epoch=None,
            callbacks=sort_by_priority([*callbacks, schedule]),
            logger=loggers or False,
        )
    except PartError as error:
        raise UserError(
            f"trainer: {error.reason}. Choose another trainer=..., or another "
            "trainer.accelerator=, trainer.devices= or trainer.precision="
        ) from error


def optimizes_manually(config: DictConfig) -> bool:
    """Whether the system clips, accumulates and steps by itself: GANs, with two optimizers."""
    # a property of LightningModule, which such a system replaces by False
    return target_class(config.system).automatic_optimization is False


def for_manual_optimization(trainer: DictConfig) -> DictConfig:
    """Leave clipping and accumulation to the system, and let DDP skip unused parameters.

    Each optimizer's step leaves the other's parameters without a gradient.
    """
    changes: dict[str, object] = {"gradient_clip_val": None, "accumulate_grad_batches": 1}
    if trainer.strategy == "ddp":
        changes["strategy"] = "ddp_find_unused_parameters_true"
    return OmegaConf.merge(trainer, changes)  # type: ignore[return-value]


def validation_schedule(trainer: DictConfig) -> ValidationSchedule:
    """Return the callback that validates by optimizer steps, or by epochs where those are set.

    Raises UserError for an interval that is not a positive integer.
    """
    steps, epochs = trainer.val_check_interval, trainer.check_val_every_n_epoch
    if not _positive(steps):
        raise UserError(f"trainer.val_check_interval={steps} must be a whole number of steps")
    if epochs is not None and not _positive(epochs):
        raise UserError(
            f"trainer.check_val_every_n_epoch={epochs} must be a whole number of epochs, or null"
        )
    return ValidationSchedule(steps, epochs)


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0

"""Construction of Lightning's Trainer from the ``trainer`` section of the config."""

from copy import copy

import lightning.pytorch as pl
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf, open_dict

from tts.config.instantiate import InstantiationException, instantiate, target_class
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
    interval = batches_between_validations(settings)
    if optimizes_manually(config):
        settings = for_manual_optimization(settings)
    with open_dict(settings):
        for key in CUSTOM_TRAINER_KEYS:
            settings.pop(key)
    try:
        return instantiate(
            settings, val_check_interval=interval, callbacks=callbacks, logger=loggers or False
        )
    except InstantiationException as error:
        unusable = (MisconfigurationException, ModuleNotFoundError, ValueError)
        if isinstance(error.__cause__, unusable):
            why = str(error.__cause__).rstrip(".!")
            raise UserError(
                f"trainer: {why}. Choose another trainer=..., or another trainer.accelerator=, "
                "trainer.devices= or trainer.precision="
            ) from error
        raise


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


def batches_between_validations(trainer: DictConfig) -> int:
    """Convert ``val_check_interval`` from optimizer steps to Lightning's batches.

    A run shorter than the interval validates once, at its end. Raises UserError for a value that
    is not a positive integer.
    """
    steps = trainer.val_check_interval
    if not isinstance(steps, int) or steps < 1:
        raise UserError(f"trainer.val_check_interval={steps} must be a whole number of steps")
    if 0 < trainer.max_steps < steps:
        steps = trainer.max_steps
    return steps * trainer.accumulate_grad_batches

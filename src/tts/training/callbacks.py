"""Callbacks of a training, in the order in which Lightning calls them.

A callback declares its place with the class attribute ``priority``, and lower ones run first. Equal
ones keep the order of the config. The values, and those of callbacks that declare none (Lightning's
and users'): see :data:`DEFAULT_PRIORITY`.
"""

import lightning.pytorch as pl
from omegaconf import DictConfig

from tts.callbacks.eager_validation import EagerValidation
from tts.callbacks.optimizer_hyperparameters import RestoreOptimizerHyperparameters
from tts.callbacks.pruning import Pruning
from tts.callbacks.signals import GracefulStop
from tts.callbacks.step_seeds import StepSeeds
from tts.config.instantiate import instantiate
from tts.errors import UserError
from tts.training.optuna_trial import current_trial

# 0 step seeds | 50 all that declare none, gradient monitors among them | 60 gradient clipping |
# 70 bad-step guard | 80 sweep pruning | 90 optimizer settings, signals | 100 eager validation
DEFAULT_PRIORITY = 50


def build_callbacks(config: DictConfig, stop: GracefulStop) -> list[pl.Callback]:
    """Build the configured callbacks and those that every training has, sorted by priority."""
    callbacks: list[pl.Callback] = [
        instantiate(node) for node in (config.callbacks or {}).values() if node is not None
    ]
    if trial := current_trial():
        if config.monitor is None:
            raise UserError("a sweep needs a metric to improve: monitor=val/mel, metrics/wer, ...")
        callbacks.append(Pruning(config.monitor, trial.report, trial.maximize))
    callbacks += [StepSeeds(config.seed), RestoreOptimizerHyperparameters(), stop]
    if config.trainer.compile:
        callbacks.append(EagerValidation())
    return sorted(callbacks, key=priority)


def priority(callback: pl.Callback) -> int:
    """Return the callback's declared priority, or the default for one that declares none."""
    return getattr(callback, "priority", DEFAULT_PRIORITY)

"""Callbacks of a training, sorted by the priority that each declares."""

import lightning.pytorch as pl
from omegaconf import DictConfig

from tts.callbacks.eager_validation import EagerValidation
from tts.callbacks.graceful_stop import GracefulStop
from tts.callbacks.optimizer_hyperparameters import RestoreOptimizerHyperparameters
from tts.callbacks.pruning import Pruning
from tts.callbacks.step_seeds import StepSeeds
from tts.callbacks.support.priority import sort_by_priority
from tts.config.instantiate import instantiate
from tts.errors import UserError
from tts.training.optuna_trial import current_trial


def build_callbacks(config: DictConfig, stop: GracefulStop) -> list[pl.Callback]:
    """Build the configured callbacks and those that every training has, in calling order."""
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
    return sort_by_priority(callbacks)

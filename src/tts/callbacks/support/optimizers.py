"""Optimizers of a trainer: unwrap them, find their index, count the batches of their steps."""

from typing import Any

import lightning.pytorch as pl
from torch.optim import Optimizer

from tts.callbacks.support.trained_system import trained_system


def optimizer_index(trainer: pl.Trainer, optimizer: object) -> int:
    """Return the optimizer's index among the trainer's, wrapped by Lightning or not."""
    own = unwrap(optimizer)
    return next(n for n, each in enumerate(trainer.optimizers) if unwrap(each) is own)


def batches_per_step(trainer: pl.Trainer) -> int:
    """Return the batches per optimizer step, accumulated by the trainer or by the system."""
    return max(trainer.accumulate_grad_batches, trained_system(trainer.lightning_module).accumulate)


def unwrap(optimizer: Any) -> Optimizer:
    """Return torch's optimizer, without the wrapper of Lightning or DeepSpeed."""
    return getattr(optimizer, "optimizer", optimizer)

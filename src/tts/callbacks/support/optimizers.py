"""Which of a trainer's optimizers a hook was called with."""

from typing import Any

import lightning.pytorch as pl


def index_of(trainer: pl.Trainer, optimizer: Any) -> int:
    """Its place among the trainer's; Lightning hands out wrapped ones in manual optimization."""
    own = bare(optimizer)
    return next(n for n, each in enumerate(trainer.optimizers) if bare(each) is own)


def batches_per_step(trainer: pl.Trainer, system: Any) -> int:
    """Those whose gradients make a step, whether the trainer gathers them or the system."""
    return max(trainer.accumulate_grad_batches, getattr(system, "accumulate", 1))


def bare(optimizer: Any) -> Any:
    """torch's own, out of what Lightning or DeepSpeed wrapped it in."""
    return getattr(optimizer, "optimizer", optimizer)

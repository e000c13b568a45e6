"""Which of a trainer's optimizers a hook was called with."""

from typing import Any

import lightning.pytorch as pl


def index_of(trainer: pl.Trainer, optimizer: Any) -> int:
    """Its place among the trainer's; Lightning hands out wrapped ones in manual optimization."""
    own = bare(optimizer)
    return next(n for n, each in enumerate(trainer.optimizers) if bare(each) is own)


def bare(optimizer: Any) -> Any:
    """torch's own, out of what Lightning or DeepSpeed wrapped it in."""
    return getattr(optimizer, "optimizer", optimizer)

"""Which of a trainer's optimizers a hook was called with."""

from typing import Any

import lightning.pytorch as pl


def index_of(trainer: pl.Trainer, optimizer: Any) -> int:
    """Its place among the trainer's; Lightning hands out wrapped ones in manual optimization."""
    own = _bare(optimizer)
    return next(n for n, each in enumerate(trainer.optimizers) if _bare(each) is own)


def _bare(optimizer: Any) -> Any:
    return getattr(optimizer, "optimizer", optimizer)

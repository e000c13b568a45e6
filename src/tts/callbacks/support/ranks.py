"""Ranks of a training: decisions that are the same on all of them."""

import lightning.pytorch as pl


def on_any_rank(trainer: pl.Trainer, condition: bool) -> bool:
    """Return whether the condition holds on any rank, the same on all of them (collective)."""
    if trainer.world_size > 1:
        return trainer.strategy.reduce_boolean_decision(condition, all=False)
    return condition

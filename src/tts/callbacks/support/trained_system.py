"""Trained system: what callbacks read of a LightningModule of this project."""

from typing import Protocol, cast

import lightning.pytorch as pl
from torch import nn

from tts.losses.weighted import WeightedLoss
from tts.plain_data import PlainData


class TrainedSystem(Protocol):
    """Attributes that every system declares."""

    model: nn.Module
    loss: WeightedLoss
    card: PlainData  # plain data that goes into every checkpoint
    active_optimizer: int  # index of the optimizer whose loss is in the backward pass
    accumulate: int  # batches per optimizer step under manual optimization
    clip: float | None  # limit of the gradient norm under manual optimization


def trained_system(pl_module: pl.LightningModule) -> TrainedSystem:
    """Return the LightningModule with the type of this project's systems."""
    return cast(TrainedSystem, pl_module)

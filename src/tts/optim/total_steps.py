"""Number of optimizer steps of a training."""

import math
from typing import Protocol

from tts.errors import UserError


class TrainingLength(Protocol):
    """What is read of Lightning's Trainer; steps there count every batch of manual optimization."""

    @property
    def max_steps(self) -> int: ...
    @property
    def max_epochs(self) -> int | None: ...
    @property
    def num_training_batches(self) -> float: ...
    @property
    def estimated_stepping_batches(self) -> float: ...


def total_steps(trainer: TrainingLength, accumulate: int = 1) -> int:
    """Return the steps until ``trainer.max_steps`` or ``trainer.max_epochs``, whichever is first.

    ``accumulate``: batches per step of a system that accumulates gradients itself.
    Raises UserError when neither is set.
    """
    steps = trainer.estimated_stepping_batches
    if math.isinf(steps):
        raise UserError(
            "trainer.max_steps=-1: a learning rate schedule needs an end; set trainer.max_steps or "
            "trainer.max_epochs"
        )
    if accumulate == 1 or trainer.max_epochs in (None, -1):
        return int(steps)
    by_epochs = math.ceil(trainer.num_training_batches / accumulate) * trainer.max_epochs
    return min(by_epochs, trainer.max_steps) if trainer.max_steps > 0 else by_epochs

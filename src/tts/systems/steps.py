"""How many optimizer steps a training will take."""

import math
from typing import Any

from tts.errors import UserError


def total_steps(trainer: Any, accumulate: int = 1) -> int:
    """By ``trainer.max_steps`` or ``trainer.max_epochs``, whichever ends it first.

    ``accumulate``: batches per step that the system itself gathers. Raises UserError when neither
    ends it.
    """
    steps = trainer.estimated_stepping_batches
    if math.isinf(steps):
        raise UserError("trainer.max_steps=-1: a schedule needs an end, here or by max_epochs")
    if steps == trainer.max_steps:
        return int(steps)
    per_epoch = math.ceil(trainer.num_training_batches / accumulate)
    by_epochs = per_epoch * max(trainer.max_epochs, 1) if accumulate > 1 else int(steps)
    return min(by_epochs, trainer.max_steps) if trainer.max_steps > 0 else by_epochs

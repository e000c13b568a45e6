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
    if accumulate == 1 or trainer.max_epochs in (None, -1):
        return int(steps)
    by_epochs = math.ceil(trainer.num_training_batches / accumulate) * trainer.max_epochs
    return min(by_epochs, trainer.max_steps) if trainer.max_steps > 0 else by_epochs

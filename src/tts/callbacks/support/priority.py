"""Callback order: the priority of every callback, lower first.

The trainer calls its callbacks by ascending ``priority``; equal priorities keep the config's order.
A callback of another library, or of a user, that declares none has ``DEFAULT``. Lightning then
moves what derives from its ``Checkpoint`` (our ``Checkpoints``) behind all others.

============ ============================================================================
``FIRST``    ``StepSeeds``: the other callbacks of a batch see the generators it begins with
``DEFAULT``  everything not named here, the gradient monitor included: it reads gradients
             before they are clipped
``CLIP``     ``GradientClipping``: after everything that reads gradients
``GUARD``    ``BadStepGuard``: after clipping, because it may delete the gradients
``PRUNE``    ``Pruning``: reports a validation after the callbacks that measure it
``RESTORE``  ``RestoreOptimizerHyperparameters``: after all that could change an optimizer
``STOP``     ``GracefulStop``: ends the run after all others have finished the step
``LAST``     ``EagerValidation``: compiles again after the callbacks that generate speech
============ ============================================================================
"""

from collections.abc import Iterable

import lightning.pytorch as pl

FIRST = 0
DEFAULT = 50
CLIP = 60
GUARD = 70
PRUNE = 80
RESTORE = 85
STOP = 90
LAST = 100


def sort_by_priority(callbacks: Iterable[pl.Callback]) -> list[pl.Callback]:
    """Return the callbacks in the order in which the trainer is to call them."""
    return sorted(callbacks, key=lambda callback: getattr(callback, "priority", DEFAULT))

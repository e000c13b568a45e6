"""Eager validation: a compiled model validates without torch.compile."""

import lightning.pytorch as pl
import torch

from tts.callbacks.support.priority import LAST


class EagerValidation(pl.Callback):
    """Runs validation eagerly, with the same results within rounding.

    Validation batches, single sentences and the steps of a flow-matching solver differ in shape
    from training batches: each would be compiled anew for a few uses.
    """

    priority = LAST

    def on_validation_start(self, *_: object) -> None:
        torch.compiler.set_stance("force_eager")

    def on_validation_end(self, *_: object) -> None:
        torch.compiler.set_stance("default")

    def on_exception(self, *_: object) -> None:
        torch.compiler.set_stance("default")

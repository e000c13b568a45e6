"""A compiled model is heard and measured uncompiled."""

from typing import Any

import lightning.pytorch as pl
import torch

from tts.callbacks.support.priority import LAST


class EagerValidation(pl.Callback):
    """Validation without torch.compile, to the same numbers within rounding.

    A training step has one kind of batch. Validating, speaking a sentence at a time and drawing in
    several steps have each another, and each would be compiled by itself for a moment's use. To
    stand behind all callbacks that speak.
    """

    priority = LAST

    def on_validation_start(self, *_: Any) -> None:
        torch.compiler.set_stance("force_eager")

    def on_validation_end(self, *_: Any) -> None:
        torch.compiler.set_stance("default")

    def on_exception(self, *_: Any) -> None:
        torch.compiler.set_stance("default")

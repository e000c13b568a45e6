"""What is shown after every so many validations, always of the same clips."""

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.loggers import TensorBoardLogger


def tensorboard_writers(trainer: pl.Trainer) -> Iterator[Any]:
    """TensorBoard's writers, on the process that has them."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger) and trainer.is_global_zero:
            yield logger.experiment


class PeriodicValidation(pl.Callback):
    """Counts validations, through resuming too. ``count`` utterances are shown at a time."""

    def __init__(self, count: int, every_n_validations: int) -> None:
        self.count = count
        self.every_n_validations = every_n_validations
        self._validations = 0
        self._recorded: set[str] = set()  # recordings heard already

    def state_dict(self) -> dict[str, Any]:
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._validations = state_dict["validations"]

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._validations += 1

    def due(self, trainer: pl.Trainer) -> bool:
        """Whether the validation under way is one to show."""
        return not trainer.sanity_checking and self._validations % self.every_n_validations == 0

    def first_time(self, name: str) -> bool:
        """Whether a recording was not played yet; it need not be again."""
        fresh = name not in self._recorded
        self._recorded.add(name)
        return fresh

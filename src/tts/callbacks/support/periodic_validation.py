"""Periodic validation: a base of callbacks that act at every n-th validation."""

import lightning.pytorch as pl

from tts.callbacks.support.last_step import is_last_step
from tts.callbacks.support.priority import DEFAULT
from tts.plain_data import PlainData


class PeriodicValidation(pl.Callback):
    """Counts validations, across resumes too, and knows which of them are due.

    ``count``: utterances to show; ``every_n_validations``: validations from one due to the next.
    The first and the last validation of a run are due.
    """

    priority = DEFAULT

    def __init__(self, count: int, every_n_validations: int) -> None:
        self.count = count
        self.every_n_validations = every_n_validations
        self._validations = 0
        self._last_step = -1  # of the last validation
        self._logged_recordings: set[str] = set()

    def state_dict(self) -> PlainData:
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self._validations = state_dict["validations"]

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._validations += 1
            self._last_step = trainer.global_step

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # early stopping and the like decide behind the validation that it was the last one
        if self._last_step == trainer.global_step:
            pl_module.eval()
            self.act(trainer, pl_module)
            pl_module.train()

    def act(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Do what the last validation was not due for, where it can be done behind it."""

    def due(self, trainer: pl.Trainer) -> bool:
        """Return whether the current validation is one to act at; the last one of a run is."""
        if trainer.sanity_checking:
            return False
        return self._validations % self.every_n_validations == 0 or is_last_step(trainer)

    def first_time(self, name: str) -> bool:
        """Return whether the recording ``name`` is new, and remember it: it never changes."""
        new = name not in self._logged_recordings
        self._logged_recordings.add(name)
        return new

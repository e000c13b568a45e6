"""Validation schedule: a run validates by optimizer steps or epochs, and always at its end."""

import sys

import lightning.pytorch as pl

from tts.callbacks.support.last_step import is_last_step
from tts.callbacks.support.priority import DEFAULT

NEVER = sys.maxsize  # batches


class ValidationSchedule(pl.Callback):
    """Validates after every ``every_n_steps`` optimizer steps and after the last one.

    With ``every_n_epochs`` it validates at the end of every n-th epoch instead.

    Lightning counts batches instead of steps. With accumulated gradients the two do not agree: the
    last step of an epoch takes fewer batches than the others. So this callback tells Lightning
    after each batch whether to validate now.
    """

    priority = DEFAULT

    def __init__(self, every_n_steps: int, every_n_epochs: int | None = None) -> None:
        self.every_n_steps, self.every_n_epochs = every_n_steps, every_n_epochs
        self._before = 0  # optimizer steps before the current batch

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # a resumed run asks whether it was to validate after its last batch; it was saved after a
        # step
        self._schedule(trainer, stepped=trainer.global_step > 0)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        self._before = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        self._schedule(trainer, stepped=trainer.global_step > self._before)

    def _schedule(self, trainer: pl.Trainer, stepped: bool) -> None:
        due = stepped and (self._due(trainer) or is_last_step(trainer))
        trainer.val_check_batch = 1 if due else NEVER

    def _due(self, trainer: pl.Trainer) -> bool:
        if self.every_n_epochs is not None:
            return trainer.is_last_batch and (trainer.current_epoch + 1) % self.every_n_epochs == 0
        return trainer.global_step % self.every_n_steps == 0

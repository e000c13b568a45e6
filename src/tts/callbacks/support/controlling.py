"""Base of the callbacks that change the learning rate, the loss weights or dropout of a run."""

import lightning.pytorch as pl

from tts.callbacks.support.training_controls import TrainingControls, training_controls
from tts.plain_data import PlainData


class ControllingCallback(pl.Callback):
    """Shares the trainer's :class:`TrainingControls`, and restores them in a resumed run.

    A subclass adds its own state to :meth:`state_dict`.
    """

    def __init__(self) -> None:
        self.controls = TrainingControls()
        self._loaded_controls: PlainData = {}  # of the run that is resumed

    def state_dict(self) -> PlainData:
        return {"controls": self.controls.state}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self._loaded_controls = dict(state_dict["controls"])

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.controls = training_controls(trainer)
        self.controls.state |= self._loaded_controls
        self.controls.begin(trainer, pl_module)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        self.controls.apply_lr()

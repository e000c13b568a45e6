"""The learning rate beside the losses."""

from typing import Any

import lightning.pytorch as pl


class LearningRate(pl.Callback):
    """Logs ``train/learning_rate``, that of the first parameter group, as used in this step."""

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Any
    ) -> None:
        pl_module.log("train/learning_rate", optimizer.param_groups[0]["lr"])

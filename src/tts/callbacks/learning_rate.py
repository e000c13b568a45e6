"""Learning rate log."""

import lightning.pytorch as pl
import torch

from tts.callbacks.support.priority import DEFAULT


class LearningRate(pl.Callback):
    """Logs ``train/learning_rate``: that of the first parameter group in this step."""

    priority = DEFAULT

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        # a number would be copied to the device, which waits for it; filling a tensor does not
        lr = torch.full((), optimizer.param_groups[0]["lr"], device=pl_module.device)
        pl_module.log("train/learning_rate", lr)

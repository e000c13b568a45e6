"""Optimizer hyperparameters of a resumed run, from its config."""

import lightning.pytorch as pl
from torch.optim.lr_scheduler import LambdaLR

from tts.callbacks.support.priority import RESTORE
from tts.plain_data import PlainData


class RestoreOptimizerHyperparameters(pl.Callback):
    """Restores the configured hyperparameters (learning rate, betas, weight decay) that a loaded
    checkpoint overwrites.

    torch keeps them in an optimizer's state, where ``resume=RUN optimizer.lr=1e-4`` would have no
    effect. With an unchanged config this changes nothing.
    """

    priority = RESTORE

    def __init__(self) -> None:
        self._configured: list[list[PlainData]] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # the optimizers are created and the checkpoint is not loaded yet
        self._configured = [
            [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
            for optimizer in trainer.optimizers
        ]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for optimizer, groups in zip(trainer.optimizers, self._configured, strict=True):
            for group, configured in zip(optimizer.param_groups, groups, strict=True):
                group.update(configured)
        for entry in trainer.lr_scheduler_configs:
            scheduler = entry.scheduler
            groups = scheduler.optimizer.param_groups
            if not isinstance(scheduler, LambdaLR):  # another library's: it sets its rate itself
                continue
            scheduler.base_lrs = [group["initial_lr"] for group in groups]
            for group, base, factor in zip(
                groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True
            ):
                group["lr"] = base * factor(scheduler.last_epoch)

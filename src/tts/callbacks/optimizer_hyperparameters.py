"""A resumed optimizer keeps its memory and takes its settings from the config."""

from typing import Any

import lightning.pytorch as pl

from tts.callbacks.support.priority import RESTORE


class RestoreOptimizerHyperparameters(pl.Callback):
    """Restores what loading a checkpoint overwrites: learning rate, betas, weight decay, ...

    torch keeps an optimizer's settings among its state, so that ``resume=RUN optimizer.lr=1e-4``
    would silently go on with the old rate. With an unchanged config this changes nothing.
    """

    priority = RESTORE

    def __init__(self) -> None:
        self._configured: list[list[dict[str, Any]]] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # the optimizers are made by now and not yet loaded
        self._configured = [
            [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
            for optimizer in trainer.optimizers
        ]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for optimizer, groups in zip(trainer.optimizers, self._configured, strict=True):
            for group, settings in zip(optimizer.param_groups, groups, strict=True):
                group.update(settings)
        for entry in trainer.lr_scheduler_configs:
            scheduler: Any = entry.scheduler
            groups = scheduler.optimizer.param_groups
            if not hasattr(scheduler, "lr_lambdas"):  # not ours: its rate is its own affair
                continue
            scheduler.base_lrs = [group["initial_lr"] for group in groups]
            for group, base, factor in zip(
                groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True
            ):
                group["lr"] = base * factor(scheduler.last_epoch)

"""The LightningModule around any model that turns a Batch into something a loss can read."""

from collections.abc import Callable, Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from tts.batch import Batch
from tts.losses.weighted import LossResult, WeightedLoss
from tts.masks import masked_mean
from tts.optim.groups import parameter_groups
from tts.optim.total_steps import total_steps
from tts.strategies.sharding import gather_full


class AcousticSystem(pl.LightningModule):
    """Trains an acoustic model.

    ``optimizer(params)`` and ``scheduler(optimizer, total_steps=...)`` are factories; the scheduler
    steps once per optimizer step. ``card`` is plain data (config, corpus facts, front end) written
    into every checkpoint, so that it alone can rebuild and speak, under ``weights_only``.
    """

    active_optimizer = 0
    accumulate = 1  # the trainer accumulates
    clip: float | None = None  # the trainer clips

    def __init__(
        self,
        model: nn.Module,
        loss: WeightedLoss,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        card: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        loss.attach(model)
        self.make_optimizer = optimizer
        self.make_scheduler = scheduler
        self.card = dict(card or {})

    def forward(self, batch: Batch) -> Any:
        return self.model(batch)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        result = self.loss(self.model(batch), batch, self.global_step)
        size = len(batch.tokens)
        self.log_dict(result.named("train"), batch_size=size)
        self.log("loss", result.value, prog_bar=True, logger=False, batch_size=size)
        return result.total

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        validate(self, self.model(batch), batch)

    def configure_optimizers(self) -> Any:
        optimizer = self.make_optimizer(parameter_groups(self.model, self.loss))
        scheduler = self.make_scheduler(optimizer, total_steps=total_steps(self.trainer))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step", "name": "learning_rate"},
        }

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as the trainer asks and log the norm before clipping: one pass does both."""
        if all(p.grad is None for p in self.model.parameters()):  # DeepSpeed does both
            return
        if gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
            limit = float("inf")
        else:
            limit = gradient_clip_val or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        self.log("train/gradient_norm", gather_full(norm))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint.update(self.card)


def validate(system: pl.LightningModule, output: Any, batch: Batch) -> None:
    """Log what a validation batch costs, and how far its durations are off."""
    result: LossResult = system.loss(output, batch, system.global_step)  # type: ignore[operator]
    values = result.named("val")
    if (error := duration_error(output)) is not None:
        values["val/duration_error"] = error
    system.log_dict(
        values, batch_size=len(batch.tokens), sync_dist=True, on_epoch=True, on_step=False
    )


def duration_error(output: Any) -> Tensor | None:
    """Mean absolute error of the predicted token durations, in frames; None without durations."""
    prosody = getattr(output, "prosody", None)
    if prosody is None:
        return None
    error = (prosody.log_duration.exp() - output.targets.durations).abs()
    return masked_mean(error, output.token_mask)

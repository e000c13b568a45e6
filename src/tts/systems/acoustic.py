"""LightningModule that trains an acoustic model."""

from collections.abc import Mapping
from typing import Any, cast

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from tts.batch import Batch
from tts.losses.weighted import LossResult, WeightedLoss
from tts.masks import mask_from_lengths, masked_mean
from tts.metrics.alignment import spread
from tts.models.acoustic import AcousticModel, Diagnostics
from tts.optim.groups import parameter_groups
from tts.optim.optimization import Optimization
from tts.optim.total_steps import total_steps
from tts.plain_data import PlainData
from tts.strategies.sharding import gather_full
from tts.systems.reading_scores import HIGHER_IS_BETTER, accuracy_names, reading_scores


class AcousticSystem(pl.LightningModule):
    """Trains an acoustic model on a weighted sum of losses, with one optimizer.

    ``card``: plain data (config, corpus facts, front end) written into every checkpoint, which
    alone then rebuilds the model and synthesizes, also under ``weights_only``.
    """

    active_optimizer = 0
    accumulate = 1  # batches per step that the system, not the trainer, accumulates
    clip: float | None = None  # the trainer clips

    def __init__(
        self,
        model: AcousticModel[Any],
        loss: WeightedLoss,
        optimization: Optimization,
        card: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        loss.attach(model)
        self.optimization = optimization
        self.card = dict(card or {})

    @property
    def generator(self) -> nn.Module:
        """The model that validates and synthesizes."""
        return self.model

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Whether higher is better, by logged name."""
        if not self.model.scored:
            return {}
        accuracies = accuracy_names(self.model.codebooks)
        scores = [n for n in HIGHER_IS_BETTER if accuracies or not n.startswith("token_")]
        names = (*scores, *accuracies)
        return {f"{part}/{name}": True for part in ("train", "val") for name in names}

    def forward(self, batch: Batch) -> object:
        return self.model(batch)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        output = self.model(batch)
        result: LossResult = self.loss(output, batch, self.global_step)
        size = len(batch.tokens)
        if self.model.scored and (self.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            scores = reading_scores(self.model.diagnostics(output), batch)
            self.log_dict({f"train/{k}": v for k, v in scores.items()}, batch_size=size)
        self.log_dict(result.named("train"), batch_size=size)
        return result.total

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        validate(self, self.model(batch), batch)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.optimization.optimizer_of(parameter_groups(self.model, self.loss))
        steps = total_steps(self.trainer)
        scheduler = self.optimization.scheduler(optimizer, total_steps=steps)
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
        """Clip as the trainer is set and log the norm before clipping, in one pass."""
        if all(p.grad is None for p in self.model.parameters()):  # DeepSpeed clips and logs itself
            return
        if gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
            limit = float("inf")
        else:
            limit = gradient_clip_val or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        self.log("train/gradient_norm", gather_full(norm))

    def on_save_checkpoint(self, checkpoint: PlainData) -> None:
        checkpoint.update(self.card)


def validate(system: pl.LightningModule, output: object, batch: Batch) -> None:
    """Log the losses of a validation batch, the error of its durations in frames, and scores."""
    result: LossResult = system.loss(output, batch, system.global_step)  # type: ignore[operator]
    values = result.named("val")
    model = cast(AcousticModel[Any], system.model)
    diagnostics = model.diagnostics(output)
    if (error := duration_error(diagnostics, batch)) is not None:
        values["val/duration_error"] = error
    if diagnostics.log_attention is not None and diagnostics.durations is not None:
        values["val/alignment_spread"] = spread(diagnostics.durations, batch.token_lengths).mean()
    if model.scored:
        scores = reading_scores(diagnostics, batch)
        values |= {f"val/{name}": value for name, value in scores.items()}
    system.log_dict(
        values, batch_size=len(batch.tokens), sync_dist=True, on_epoch=True, on_step=False
    )


def duration_error(diagnostics: Diagnostics, batch: Batch) -> Tensor | None:
    """Return the mean absolute error of predicted token durations in frames, or None."""
    if diagnostics.predicted_durations is None or diagnostics.durations is None:
        return None
    error = (diagnostics.predicted_durations - diagnostics.durations).abs()
    return masked_mean(error, mask_from_lengths(batch.token_lengths, error.shape[1]))

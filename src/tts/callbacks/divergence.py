"""Divergence: a loss that rises instead of falling lowers the learning rate, or ends the run."""

import logging

import lightning.pytorch as pl
import torch
from torch import Tensor

from tts.bounds import Factor, Positive, Steps
from tts.callbacks.support.controlling import ControllingCallback
from tts.callbacks.support.divergence_detection import DivergenceDetector, Rise
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.trained_system import trained_system
from tts.errors import UserError
from tts.losses.adversarial import AdversarialTerm
from tts.plain_data import PlainData

log = logging.getLogger(__name__)
STEPS_PER_POINT = 10
ADVERSARIAL_TOLERANCE = 1.0  # at least: discriminators raise the distances that they trade against


class Divergence(ControllingCallback):
    """Notices within some thirty steps that the training loss rises for good, and acts.

    It watches the weighted sum of the loss terms, without those that a ramp or discriminators join
    to it later. ``tolerance``: see :class:`DivergenceDetector`; at least 1 while discriminators
    train. Each divergence multiplies the learning rate by ``factor``, for the rest of the run and
    of runs resumed from it. The run ends with a UserError at the divergence after
    ``max_lowered``. Reads the device every ten steps.
    """

    priority = DEFAULT

    def __init__(
        self, tolerance: Positive = 0.1, factor: Factor = 0.3, max_lowered: Steps = 4
    ) -> None:
        if not tolerance > 0 or not 0 < factor < 1 or max_lowered < 0:
            raise UserError(
                f"callbacks.divergence: tolerance={tolerance} must be above 0, factor={factor} "
                f"between 0 and 1, and max_lowered={max_lowered} 0 or more"
            )
        super().__init__()
        self.tolerance, self.factor, self.max_lowered = tolerance, factor, max_lowered
        self.detector = DivergenceDetector(tolerance)
        self._lowered = 0
        self._weights: dict[str, float] = {}  # of the watched terms, whatever an action changes
        self._adversarial = False  # whether discriminators train
        self._sum: Tensor | float = 0.0  # of the finite losses since the last point
        self._batches: Tensor | float = 0.0  # with a finite loss
        self._step = 0  # optimizer steps at the last point

    def state_dict(self) -> PlainData:
        return super().state_dict() | {
            "detector": self.detector.state_dict(),
            "lowered": self._lowered, "adversarial": self._adversarial, "step": self._step,
            "sum": float(self._sum), "batches": float(self._batches),
        }  # fmt: skip

    def load_state_dict(self, state_dict: PlainData) -> None:
        super().load_state_dict(state_dict)
        self.detector.load_state_dict(state_dict["detector"])
        self._lowered, self._adversarial = state_dict["lowered"], state_dict["adversarial"]
        self._sum, self._batches = state_dict["sum"], state_dict["batches"]
        self._step = state_dict["step"]

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: PlainData
    ) -> None:
        if trainer.world_size > 1:  # a checkpoint holds the callbacks' state of rank 0 alone
            total, batches = self._sums_of_ranks(trainer)
            checkpoint["callbacks"][self.state_key] |= {"sum": total, "batches": batches}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:  # rank 0 resumes with the sums of all
            self._sum = self._batches = 0.0
        loss = trained_system(pl_module).loss
        self._weights = {
            name: loss.weights[name]
            for name, term in loss.terms.items()
            if not isinstance(term, AdversarialTerm) and name not in loss.ramps
        }
        super().on_train_start(trainer, pl_module)  # changes the weights

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        metrics = trainer.callback_metrics
        watched = [w * metrics[f"train/{n}"] for n, w in self._weights.items()
                   if f"train/{n}" in metrics]  # fmt: skip
        if not watched:
            return
        self._watch_discriminators(pl_module)
        value = torch.stack([term.detach().float() for term in watched]).sum()
        finite = torch.isfinite(value)
        self._sum = self._sum + torch.where(finite, value, 0.0)
        self._batches = self._batches + finite.float()
        steps = 1 if self.detector.first is None else STEPS_PER_POINT
        if trainer.global_step >= self._step + steps:
            self._add_point(trainer)

    def _watch_discriminators(self, pl_module: pl.LightningModule) -> None:
        active = bool(getattr(pl_module, "adversarial_active", False))
        if active == self._adversarial:
            return
        self._adversarial = active
        self.detector.restart()

    def _add_point(self, trainer: pl.Trainer) -> None:
        value, batches = self._sums_of_ranks(trainer)
        self._sum = self._batches = 0.0
        self._step = trainer.global_step
        if not batches:
            return
        least = ADVERSARIAL_TOLERANCE if self._adversarial else 0.0
        self.detector.tolerance = max(self.tolerance, least)
        rise = self.detector.add(value / batches, self.controls.lr)
        if rise is not None:
            self._act(trainer, rise)

    def _sums_of_ranks(self, trainer: pl.Trainer) -> tuple[float, float]:
        """Return the sum of the losses since the last point, and of how many batches."""
        device = trainer.strategy.root_device
        sums = torch.stack([torch.as_tensor(x, device=device) for x in (self._sum, self._batches)])
        value, batches = trainer.strategy.reduce(sums, reduce_op="sum").tolist()
        return value, batches

    def _act(self, trainer: pl.Trainer, rise: Rise) -> None:
        lr = self.controls.lr
        text = (
            f"step {trainer.global_step}: the training diverges: its loss rose from "
            f"{rise.before:.4g} to {rise.now:.4g} at the learning rate {lr:.3g}"
        )
        if self._lowered >= self.max_lowered or not self.controls.can_change_lr:
            lowered = f", lowered {self._lowered} times" if self._lowered else ""
            raise UserError(
                f"{text}{lowered}. Set a lower optimizer.lr or a longer scheduler.warmup_steps; "
                "callbacks.divergence=null trains on regardless"
            )
        self._lowered += 1
        before, after = self.controls.scale_peak(self.factor)
        if trainer.is_global_zero:
            log.warning("%s; learning rate %.3g -> %.3g from here on", text, before, after)

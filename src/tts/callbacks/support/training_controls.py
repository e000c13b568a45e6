"""What can be changed of a training under way, kept so that a resumed run has it too."""

import math
from typing import Any

import lightning.pytorch as pl
from torch import nn

from tts.errors import UserError


class TrainingControls:
    """Scales the learning rate, reweighs losses, moves dropout, stops. ``state`` is plain data.

    :meth:`begin` once the trainer has its optimizers, :meth:`hold` before every batch.
    """

    def __init__(self) -> None:
        self.state: dict[str, Any] = {
            "factor": 1.0,  # of the scheduled rate
            "restart": None,  # [step, steps, peak_factor]: a cosine of its own from that step on
            "weights": {},  # of losses, by name
            "dropout": 0.0,  # added to every probability
        }
        self._trainer: pl.Trainer | None = None
        self._system: Any = None
        self._probabilities: list[tuple[nn.Module, str, float]] = []

    def begin(self, trainer: pl.Trainer, system: pl.LightningModule) -> None:
        self._trainer, self._system = trainer, system
        self._probabilities = [
            (module, name, float(getattr(module, name)))
            for module in system.modules()
            for name in ("p", "probability")
            if "dropout" in type(module).__name__.lower() and hasattr(module, name)
        ]
        self._apply()

    def apply_lr(self) -> None:
        """Set the learning rate of the step to come."""
        assert self._trainer is not None
        if self.state["factor"] == 1.0 and self.state["restart"] is None:
            return
        step = self._trainer.global_step
        for entry in self._trainer.lr_scheduler_configs:
            scheduler: Any = entry.scheduler
            if not hasattr(scheduler, "lr_lambdas"):
                raise UserError(
                    f"{type(scheduler).__name__} sets its rate from its last one: choose a "
                    "scheduler=... of this project for what changes learning rates"
                )
            groups = scheduler.optimizer.param_groups
            scheduled = zip(groups, scheduler.base_lrs, scheduler.get_last_lr(), strict=True)
            for group, peak, rate in scheduled:
                group["lr"] = self.state["factor"] * self._restarted(step, peak, rate)

    def scale_rate(self, factor: float) -> tuple[float, float]:
        """Multiply the rate from now on; the rate before and after."""
        before = self.rate
        self.state["factor"] *= factor
        self.apply_lr()
        return before, self.rate

    def restart_rate(self, steps: int, peak_factor: float) -> tuple[float, float]:
        """A cosine of ``steps`` from ``peak_factor`` times the peak on; the rate before and after."""
        assert self._trainer is not None
        before = self.rate
        self.state["restart"] = [self._trainer.global_step, steps, peak_factor]
        self.apply_lr()
        return before, self.rate

    @property
    def rate(self) -> float:
        """Of the first parameters."""
        assert self._trainer is not None
        return float(self._trainer.optimizers[0].param_groups[0]["lr"])

    @property
    def weights(self) -> dict[str, float]:
        """Of the losses."""
        return dict(self._system.loss.weights)

    def reweigh(self, weights: dict[str, float]) -> None:
        self.state["weights"] = weights
        self._apply()

    def add_dropout(self, change: float) -> tuple[float, float]:
        """To every probability of dropping; the mean before and after."""
        before = self._mean_dropout()
        self.state["dropout"] += change
        self._apply()
        return before, self._mean_dropout()

    def stop(self) -> None:
        assert self._trainer is not None
        self._trainer.should_stop = True

    def _apply(self) -> None:
        known = getattr(getattr(self._system, "loss", None), "weights", {})
        known.update({n: w for n, w in self.state["weights"].items() if n in known})
        for module, name, original in self._probabilities:
            if original:  # where nothing was to be dropped nothing is
                setattr(module, name, min(max(original + self.state["dropout"], 0.0), 0.9))

    def _mean_dropout(self) -> float:
        now = [getattr(module, name) for module, name, original in self._probabilities if original]
        return sum(now) / max(len(now), 1)

    def _restarted(self, step: int, peak: float, scheduled: float) -> float:
        if self.state["restart"] is None:
            return scheduled
        begun, steps, peak_factor = self.state["restart"]
        if step >= begun + steps:
            return scheduled
        progress = (step - begun) / steps
        return max(scheduled, peak * peak_factor * 0.5 * (1 + math.cos(math.pi * progress)))

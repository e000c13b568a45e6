"""Training controls: learning rate, loss weights, dropout and the end of a run, while it runs."""

import math

import lightning.pytorch as pl
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from tts.callbacks.support.trained_system import trained_system
from tts.errors import UserError
from tts.plain_data import PlainData


class TrainingControls:
    """Scales the learning rate, sets loss weights, adds dropout, and stops the run.

    ``state`` is plain data, with which a resumed run goes on. Call :meth:`begin` when the trainer
    has its optimizers and :meth:`apply_lr` before every batch.
    """

    def __init__(self) -> None:
        self.state: PlainData = {
            "factor": 1.0,  # of the scheduled learning rate
            "restart": None,  # [step, steps, peak_factor] of a cosine that begins at that step
            "weights": {},  # of losses, by name
            "dropout": 0.0,  # added to every probability
        }
        self._trainer: pl.Trainer | None = None
        self._loss_weights: dict[str, float] = {}
        self._probabilities: list[tuple[nn.Module, str, float]] = []  # module, attribute, original

    def begin(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Attach to a training and apply the state of the run that it resumes."""
        self._trainer = trainer
        self._loss_weights = trained_system(pl_module).loss.weights
        self._probabilities = [
            (module, name, float(getattr(module, name)))
            for module in pl_module.modules()
            for name in ("p", "probability")
            if "dropout" in type(module).__name__.lower() and hasattr(module, name)
        ]
        self._apply()

    def apply_lr(self) -> None:
        """Set the learning rate of the next step."""
        if self.state["factor"] == 1.0 and self.state["restart"] is None:
            return
        for entry in self.trainer.lr_scheduler_configs:
            scheduler = entry.scheduler
            if not isinstance(scheduler, LambdaLR):
                raise UserError(
                    f"{type(scheduler).__name__} computes its learning rate from the last one, "
                    "which a plateau action changes: choose one of this project's schedulers, "
                    "scheduler=..."
                )
            groups = scheduler.optimizer.param_groups
            scheduled = zip(groups, scheduler.base_lrs, scheduler.get_last_lr(), strict=True)
            for group, peak, lr in scheduled:
                group["lr"] = self.state["factor"] * self._restarted_lr(float(peak), float(lr))

    def scale_lr(self, factor: float) -> tuple[float, float]:
        """Multiply the learning rate from now on; return it before and after."""
        before = self.lr
        self.state["factor"] *= factor
        self.apply_lr()
        return before, self.lr

    def restart_lr(self, steps: int, peak_factor: float) -> tuple[float, float]:
        """Start a half cosine of ``steps`` from ``peak_factor`` times the peak learning rate;
        return the learning rate before and after.
        """
        before = self.lr
        self.state["restart"] = [self.trainer.global_step, steps, peak_factor]
        self.apply_lr()
        return before, self.lr

    @property
    def trainer(self) -> pl.Trainer:
        assert self._trainer is not None, "begin() has not been called"
        return self._trainer

    @property
    def lr(self) -> float:
        """Learning rate of the first parameter group."""
        return float(self.trainer.optimizers[0].param_groups[0]["lr"])

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the losses."""
        return dict(self._loss_weights)

    def set_weights(self, weights: dict[str, float]) -> None:
        """Set the weights of the losses."""
        self.state["weights"] = weights
        self._apply()

    def add_dropout(self, change: float) -> tuple[float, float]:
        """Add to every dropout probability; return their mean before and after."""
        before = self._mean_dropout()
        self.state["dropout"] += change
        self._apply()
        return before, self._mean_dropout()

    def stop(self) -> None:
        """End the run after the current step."""
        self.trainer.should_stop = True

    def _apply(self) -> None:
        known, changed = self._loss_weights, self.state["weights"]
        known.update({name: weight for name, weight in changed.items() if name in known})
        for module, name, original in self._probabilities:
            if original:  # 0 stays 0
                setattr(module, name, min(max(original + self.state["dropout"], 0.0), 0.9))

    def _mean_dropout(self) -> float:
        now = [getattr(module, name) for module, name, original in self._probabilities if original]
        return sum(now) / max(len(now), 1)

    def _restarted_lr(self, peak: float, scheduled: float) -> float:
        """Return the larger of the schedule and the restarted cosine, if one is running."""
        if self.state["restart"] is None:
            return scheduled
        first_step, steps, peak_factor = self.state["restart"]
        step = self.trainer.global_step
        if step >= first_step + steps:
            return scheduled
        progress = (step - first_step) / steps
        return max(scheduled, peak * peak_factor * 0.5 * (1 + math.cos(math.pi * progress)))

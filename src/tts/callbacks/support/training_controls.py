"""Training controls: learning rate, loss weights, dropout and the end of a run, while it runs."""

import math
import weakref

import lightning.pytorch as pl
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from tts.callbacks.support.trained_system import trained_system
from tts.errors import UserError
from tts.plain_data import PlainData


class TrainingControls:
    """Scales the learning rate, sets loss weights, adds dropout, and stops the run.

    ``state`` is plain data, with which a resumed run goes on. Call :meth:`begin` when the trainer
    has its optimizers and :meth:`apply_lr` before every batch. Callbacks of one trainer share
    theirs, :func:`training_controls`: each sets the rate that all of them agreed on.
    """

    def __init__(self) -> None:
        self.state: PlainData = {
            "peak_scale": 1.0,  # of every learning rate, restarts included
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
        if self._probabilities:  # another callback's call; they hold the original values
            self._apply()
            return
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
        if not self._changes_lr:
            return
        for entry in self.trainer.lr_scheduler_configs:
            scheduler = entry.scheduler
            if not isinstance(scheduler, LambdaLR):
                raise UserError(
                    f"{type(scheduler).__name__} computes its learning rate from the last one, "
                    "which a callback changes: choose one of this project's schedulers, "
                    "scheduler=..."
                )
            groups = scheduler.optimizer.param_groups
            for group, lr in zip(groups, self._rates(scheduler), strict=True):
                group["lr"] = lr

    def scale_lr(self, factor: float) -> tuple[float, float]:
        """Multiply the learning rate from now on; return it before and after."""
        restart = self.state["restart"]
        if restart is not None:
            first_step, steps, peak_factor = restart
            restart = [first_step, steps, peak_factor * factor]
        return self._change_lr(factor=self.state["factor"] * factor, restart=restart)

    def scale_peak(self, factor: float) -> tuple[float, float]:
        """Multiply every learning rate, that of a later restart too; return it before and after."""
        return self._change_lr(peak_scale=self.state["peak_scale"] * factor)

    def restart_lr(self, steps: int, peak_factor: float) -> tuple[float, float]:
        """Start a half cosine of ``steps`` from ``peak_factor`` times the peak learning rate;
        return the learning rate before and after. Where it is as high already, nothing changes.
        """
        before, former = self.lr, self.state["restart"]
        self.state["restart"] = [self.trainer.global_step, steps, peak_factor]
        after = self.lr
        self.state["restart"] = former
        if after <= before:
            return before, before
        return self._change_lr(restart=[self.trainer.global_step, steps, peak_factor])

    def _change_lr(self, **state: object) -> tuple[float, float]:
        before = self.lr
        self.state |= state
        self.apply_lr()
        return before, self.lr

    @property
    def can_change_lr(self) -> bool:
        """Whether the learning rate follows schedules of this project."""
        entries = self.trainer.lr_scheduler_configs
        return bool(entries) and all(isinstance(entry.scheduler, LambdaLR) for entry in entries)

    @property
    def _changes_lr(self) -> bool:
        neutral = self.state["factor"] == self.state["peak_scale"] == 1.0
        return not neutral or self.state["restart"] is not None

    def _rates(self, scheduler: LambdaLR) -> list[float]:
        """Return the learning rate of every parameter group in the next step."""
        step, scale, factor = scheduler.last_epoch, self.state["peak_scale"], self.state["factor"]
        # from the lambdas: a resumed scheduler's last rates may be those of another config
        return [
            scale * float(peak) * max(factor * scheduled(step), self._restarted_share())
            for peak, scheduled in zip(scheduler.base_lrs, scheduler.lr_lambdas, strict=True)
        ]

    @property
    def trainer(self) -> pl.Trainer:
        assert self._trainer is not None, "begin() has not been called"
        return self._trainer

    @property
    def lr(self) -> float:
        """Learning rate of the first parameter group in the next step.

        Between two batches the optimizer holds the schedule's, which :meth:`apply_lr` replaces.
        """
        for entry in self.trainer.lr_scheduler_configs[:1]:
            if isinstance(entry.scheduler, LambdaLR):
                return self._rates(entry.scheduler)[0]
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

    def _restarted_share(self) -> float:
        """Return the restarted cosine as a share of the peak; 0 if none is running."""
        if self.state["restart"] is None:
            return 0.0
        first_step, steps, peak_factor = self.state["restart"]
        progress = (self.trainer.global_step - first_step) / steps
        return peak_factor * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


_controls: weakref.WeakKeyDictionary[pl.Trainer, TrainingControls] = weakref.WeakKeyDictionary()


def training_controls(trainer: pl.Trainer) -> TrainingControls:
    """Return the controls that the callbacks of a trainer share."""
    return _controls.setdefault(trainer, TrainingControls())

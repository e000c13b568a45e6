"""Plateau detection: actions when a loss has stopped improving."""

import logging
from collections.abc import Sequence
from typing import Annotated

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from tts.bounds import Bound, Count, NonNegative, Steps
from tts.callbacks.support.controlling import ControllingCallback
from tts.callbacks.support.measured import MeasuredMetric
from tts.callbacks.support.metric_directions import metric_directions
from tts.callbacks.support.optimizers import batches_per_step
from tts.callbacks.support.plateau_actions import PlateauAction
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.tensorboard import tensorboard_writers
from tts.callbacks.support.trend import MIN_POINTS, Trend, trend
from tts.errors import UserError
from tts.plain_data import PlainData

log = logging.getLogger(__name__)


class Plateau(ControllingCallback):
    """Acts when the trend of ``monitor`` shows a plateau.

    The window is the last ``points`` points. For a training loss, a point is the mean over
    ``window_steps // points`` optimizer steps; for a validation metric, it is one validation. It is
    a plateau when the 95 % interval of the improvement over the window, as a share of the value,
    lies below ``min_improvement``. A window too noisy to decide is not a plateau.

    Each plateau triggers the next of ``actions`` and starts a new window; after the last action
    plateaus are only logged. The effects of the actions persist in a resumed run.
    """

    priority = DEFAULT

    def __init__(
        self,
        monitor: str = "train/loss",
        window_steps: Count = 2000,
        points: Annotated[int, Bound(least=8)] = 20,
        min_improvement: NonNegative = 0.01,
        actions: Sequence[PlateauAction] = (),
        warmup_steps: Steps = 1000,
    ) -> None:
        if points < MIN_POINTS or window_steps < points:
            raise UserError(
                f"callbacks.plateau: points={points} must be at least {MIN_POINTS}, and "
                f"window_steps={window_steps} at least points"
            )
        super().__init__()
        self.monitor, self.points, self.min_improvement = monitor, points, min_improvement
        self.steps_per_point = window_steps // points
        self.actions, self.warmup_steps = list(actions), warmup_steps
        self._window: list[float] = []
        self._sums: dict[str, Tensor | float] = {}  # of the training metrics, since the last point
        self._count = 0  # batches since the last point
        self._actions_taken = 0
        self._sign = 1  # -1 where higher is better
        self._measured = MeasuredMetric(monitor)
        self._first_metrics: dict[str, float] = {}  # at the first point after the last action

    def state_dict(self) -> PlainData:
        return super().state_dict() | {
            "window": self._window, "actions_taken": self._actions_taken,
            "first_metrics": self._first_metrics,
            "sums": {name: float(v) for name, v in self._sums.items()}, "count": self._count,
        }  # fmt: skip

    def load_state_dict(self, state_dict: PlainData) -> None:
        super().load_state_dict(state_dict)
        self._window, self._actions_taken = list(state_dict["window"]), state_dict["actions_taken"]
        self._first_metrics = dict(state_dict["first_metrics"])
        self._sums, self._count = dict(state_dict["sums"]), state_dict["count"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._sign = -1 if metric_directions(trainer).get(self.monitor) else 1

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        for name, value in trainer.callback_metrics.items():
            if name.startswith("train/"):
                self._sums[name] = self._sums.get(name, 0.0) + value.detach()
        self._count += 1
        if not self.monitor.startswith("train/"):
            return
        if self.monitor not in self._sums:
            raise UserError(
                f"callbacks.plateau.monitor={self.monitor} is not a metric of a training step: "
                f"choose from {', '.join(sorted(self._sums))}"
            )
        if self._count >= self.steps_per_point * batches_per_step(trainer):
            metrics = self._mean_metrics(trainer)
            self._add(trainer, metrics[self.monitor], metrics)

    def _mean_metrics(self, trainer: pl.Trainer) -> dict[str, float]:
        """Return the means over ranks and batches since the last point, and start the next."""
        count = max(self._count, 1)
        means = {
            name: float(trainer.strategy.reduce(torch.as_tensor(self._sums[name] / count)))
            for name in sorted(self._sums)
        }
        self._sums, self._count = {}, 0
        return means

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.monitor.startswith("train/"):
            return
        if (value := self._measured.read(trainer)) is not None:
            self._add(trainer, value, self._mean_metrics(trainer))

    def _add(self, trainer: pl.Trainer, value: float, metrics: dict[str, float]) -> None:
        step = trainer.global_step
        if step < self.warmup_steps or not np.isfinite(value):
            return
        self._first_metrics = self._first_metrics or metrics
        self._window = [*self._window, self._sign * value][-self.points :]
        if len(self._window) < self.points:
            return
        found = trend(self._window)
        for writer in tensorboard_writers(trainer):
            writer.add_scalar("plateau/improvement", found.improvement, step)
            writer.add_scalar("plateau/improvement_upper_bound", found.high, step)
        if found.high >= self.min_improvement:
            return
        self._act(trainer, found, metrics)

    def _act(self, trainer: pl.Trainer, found: Trend, metrics: dict[str, float]) -> None:
        step = trainer.global_step
        value = self._sign * self._window[-1]
        text = (
            f"step {step}: {self.monitor} is on a plateau at {value:.4g}: it improved "
            f"by {100 * found.improvement:.2f} % [{100 * found.low:.2f}, {100 * found.high:.2f}] "
            f"over the last {self.points} points"
        )
        if self._actions_taken < len(self.actions):
            losses = {
                name.removeprefix("train/"): (value, metrics.get(name, value))
                for name, value in self._first_metrics.items()
            }
            done = self.actions[self._actions_taken](self.controls, losses)
            self._actions_taken += 1
            text = f"{text}; action {self._actions_taken} of {len(self.actions)}: {done}"
        if trainer.is_global_zero:
            log.warning(text)
        for writer in tensorboard_writers(trainer):
            writer.add_text("plateau", text, step)
            writer.add_scalar("plateau/actions", self._actions_taken, step)
        self._window, self._first_metrics = [], {}

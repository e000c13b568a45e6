"""A loss that has stopped improving: shown by a test, said in words, answered by actions in turn."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import lightning.pytorch as pl
import numpy as np
import torch
from scipy.stats import theilslopes

from tts.callbacks.checkpoints import promised
from tts.callbacks.support.optimizers import batches_per_step
from tts.callbacks.support.periodic_validation import tensorboard_writers
from tts.callbacks.support.plateau_actions import PlateauAction
from tts.callbacks.support.training_controls import TrainingControls
from tts.errors import UserError

log = logging.getLogger(__name__)
FEWEST = 8  # points that a slope can be told from


class Trend(NamedTuple):
    """Improvement over a window, as a share of the value itself, with its 95 % interval."""

    improvement: float
    low: float
    high: float


class Plateau(pl.Callback):
    """Watches ``monitor`` and acts when it is shown to have stopped improving.

    The last ``points`` of it are looked at: of a training loss each is the mean over
    ``steps // points`` optimizer steps, of what a validation measures each is a validation. Their
    slope is Theil and Sen's, the median over all pairs, which a few bad batches do not move, with
    the 95 % interval of Sen 1968. It is a plateau when all of that interval lies below ``least``,
    the improvement over the window as a share of the value; a window too noisy to tell is none.

    ``actions``: what to do, one at each plateau, in turn; after the last, nothing but saying so.
    After each a new window is begun. What was done goes on in a resumed run.
    """

    def __init__(
        self,
        monitor: str = "train/loss",
        steps: int = 2000,
        points: int = 20,
        min_improvement: float = 0.01,
        actions: Sequence[PlateauAction] = (),
        warmup_steps: int = 1000,
    ) -> None:
        if points < FEWEST or steps < points:
            raise UserError(
                f"callbacks.plateau: points={points} must be at least {FEWEST}, and steps={steps} "
                "at least as many"
            )
        self.monitor, self.points, self.min_improvement = monitor, points, min_improvement
        self.every = steps // points
        self.actions, self.warmup_steps = list(actions), warmup_steps
        self.controls = TrainingControls()
        self._window: list[float] = []
        self._sums: dict[str, torch.Tensor | float] = {}  # of the training's numbers, this point
        self._count = 0
        self._made = 0  # actions
        self._sign = 1
        self._told: object = None  # the value that was counted last
        self._young: dict[str, float] = {}  # the numbers of the first point after the last move

    def state_dict(self) -> dict[str, Any]:
        return {
            "window": self._window, "made": self._made, "young": self._young,
            "sums": {name: float(v) for name, v in self._sums.items()}, "count": self._count,
            "controls": self.controls.state,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._window, self._made = list(state_dict["window"]), state_dict["made"]
        self._young = dict(state_dict["young"])
        self._sums, self._count = dict(state_dict["sums"]), state_dict["count"]
        self.controls.state |= state_dict["controls"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._sign = -1 if promised(trainer).get(self.monitor) else 1
        self.controls.begin(trainer, pl_module)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self.controls.apply_lr()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
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
                f"callbacks.plateau.monitor={self.monitor} is not among what a step measures: "
                f"{', '.join(sorted(self._sums))}"
            )
        if self._count >= self.every * batches_per_step(trainer, pl_module):
            numbers = self._numbers(trainer)
            self._add(trainer, numbers[self.monitor], numbers)

    def _numbers(self, trainer: pl.Trainer) -> dict[str, float]:
        """Means since the last point, the same on every rank."""
        count = max(self._count, 1)
        means = {
            name: float(trainer.strategy.reduce(torch.as_tensor(self._sums[name] / count)))
            for name in sorted(self._sums)
        }
        self._sums, self._count = {}, 0
        return means

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        value = trainer.callback_metrics.get(self.monitor)
        if value is self._told:  # measured in an earlier validation
            return
        self._told = value
        if value is not None and not self.monitor.startswith("train/"):
            self._add(trainer, float(value), self._numbers(trainer))

    def _add(self, trainer: pl.Trainer, value: float, numbers: dict[str, float]) -> None:
        step = trainer.global_step
        if step < self.warmup_steps or not np.isfinite(value):
            return
        self._young = self._young or numbers
        self._window = [*self._window, self._sign * value][-self.points :]
        if len(self._window) < self.points:
            return
        found = trend(self._window)
        for board in tensorboard_writers(trainer):
            board.add_scalar("plateau/improvement", found.improvement, step)
            board.add_scalar("plateau/improvement_at_most", found.high, step)
        if found.high >= self.min_improvement:
            return
        self._act(trainer, found, numbers)

    def _act(self, trainer: pl.Trainer, found: Trend, numbers: dict[str, float]) -> None:
        step = trainer.global_step
        value = self._sign * self._window[-1]
        text = (
            f"step {step}: {self.monitor} is on a plateau at {value:.4g}: it improved "
            f"by {100 * found.improvement:.2f} % [{100 * found.low:.2f}, {100 * found.high:.2f}] "
            f"over the last {self.points} points"
        )
        if self._made < len(self.actions):
            losses = {
                name.removeprefix("train/"): (value, numbers.get(name, value))
                for name, value in self._young.items()
            }
            done = self.actions[self._made](self.controls, losses)
            self._made += 1
            text = f"{text}; move {self._made} of {len(self.actions)}: {done}"
        if trainer.is_global_zero:
            log.warning(text)
        for board in tensorboard_writers(trainer):
            board.add_text("plateau", text, step)
            board.add_scalar("plateau/actions", self._made, step)
        self._window, self._young = [], {}


def trend(values: Sequence[float]) -> Trend:
    """Of values whose fall is an improvement, in order."""
    slope, _, low, high = theilslopes(np.asarray(values), alpha=0.95)
    span = len(values) - 1
    level = max(abs(float(np.median(values))), 1e-12)
    return Trend(*(float(-s * span / level) for s in (slope, high, low)))

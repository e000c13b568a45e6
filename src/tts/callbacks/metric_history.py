"""Every number of a run over its steps: what the last ones are like, and a report at the end."""

import logging
import math
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from tts.callbacks.checkpoints import promised
from tts.callbacks.plateau import FEWEST, trend
from tts.callbacks.support.metric_report import picture, text
from tts.data.store import write_text
from tts.errors import UserError

log = logging.getLogger(__name__)
POINTS = 256  # of a curve, at least, once it has had as many
MEASURED = ("val/", "metrics/")  # by validations
NEITHER = ("learning_rate", "gradient_norm")  # less of these is no better


class Curve:
    """One number: its last ``window`` values, its extremes, and its course in bounded memory.

    The course is at most ``2 * POINTS`` pairs of step and value, each a mean over ``stride``
    values; when it is full, neighbors become one.
    """

    def __init__(self, window: int) -> None:
        self.recent: deque[float] = deque(maxlen=window)
        self.course: list[tuple[float, float]] = []
        self.stride = 1
        self.waiting: list[tuple[float, float]] = []  # for the next pair to be whole
        self.low = self.high = (math.inf, 0)  # value and step, the highest negated

    def add(self, step: int, value: float) -> None:
        if not math.isfinite(value):
            return
        self.recent.append(value)
        self.low, self.high = min(self.low, (value, step)), min(self.high, (-value, step))
        self.waiting.append((step, value))
        if len(self.waiting) == self.stride:
            self.course.append(_middle(self.waiting))
            self.waiting = []
        if len(self.course) == 2 * POINTS:
            pairs = zip(self.course[::2], self.course[1::2], strict=True)
            self.course = [_middle(pair) for pair in pairs]
            self.stride *= 2

    @property
    def mean(self) -> float:
        """Of the window."""
        return float(np.mean(self.recent))

    @property
    def points(self) -> list[tuple[float, float]]:
        """Steps and values, to the last."""
        return [*self.course, *([_middle(self.waiting)] if self.waiting else [])]

    def numbers(self, higher_is_better: bool | None) -> dict[str, float]:
        """``last``; ``mean`` and ``spread`` (standard deviation) of the window; ``trend``, the
        improvement over the window as a share of the value (Theil & Sen's slope), or the rise of
        what has no better; ``best``, where there is one, and its step ``best_at``.
        """
        sign = 1 if higher_is_better is False else -1
        found = {"last": self.recent[-1], "mean": self.mean, "spread": float(np.std(self.recent))}
        if len(self.recent) >= FEWEST and np.median(self.recent) != 0:
            found["trend"] = trend([sign * value for value in self.recent]).improvement
        if higher_is_better is not None:
            value, found["best_at"] = self.high if higher_is_better else self.low
            found["best"] = sign * value
        return found

    def state_dict(self) -> dict[str, Any]:
        return {
            "course": torch.tensor(self.course, dtype=torch.float64), "stride": self.stride,
            "waiting": self.waiting, "recent": list(self.recent), "low": self.low,
            "high": self.high,
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.course = [(step, value) for step, value in state["course"].tolist()]
        self.stride, self.waiting = state["stride"], list(state["waiting"])
        self.recent.extend(state["recent"])
        self.low, self.high = state["low"], state["high"]


class MetricHistory(pl.Callback):
    """Keeps a :class:`Curve` of every number that is logged, read once per ``log_every_n_steps``
    and at each validation, with one transfer from the device.

    However the run ends, ``folder`` gets ``report.txt`` and ``report.png``, of all its steps: the
    curves are in the checkpoints. ``window``: values that means, spreads and trends are of.
    """

    def __init__(self, folder: str | Path, window: int = 20) -> None:
        if window < FEWEST:
            raise UserError(f"callbacks.metric_history.window={window} must be at least {FEWEST}")
        self.folder, self.window = Path(folder), window
        self.curves: dict[str, Curve] = {}
        self._directions: dict[str, bool | None] = {}
        self._seconds = 0.0  # of the processes before
        self._began = time.monotonic()
        self._step = 0  # last read at

    def state_dict(self) -> dict[str, Any]:
        curves = {name: curve.state_dict() for name, curve in self.curves.items()}
        return {"curves": curves, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._seconds = state_dict["seconds"]
        self.curves = {name: Curve(self.window) for name in state_dict["curves"]}
        for name, state in state_dict["curves"].items():
            self.curves[name].load_state_dict(state)

    @property
    def seconds(self) -> float:
        """That the run has taken, all its processes together."""
        return self._seconds + time.monotonic() - self._began

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._directions = promised(trainer)
        self._began, self._step = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        step = trainer.global_step
        if step % trainer.log_every_n_steps == 0 and step != self._step:  # type: ignore[attr-defined]
            self._step = step
            found = trainer.logged_metrics
            self._add(trainer, {n: v for n, v in found.items() if not n.startswith(MEASURED)})

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            found = trainer.logged_metrics
            self._add(trainer, {n: v for n, v in found.items() if n.startswith(MEASURED)})

    def _add(self, trainer: pl.Trainer, metrics: dict[str, Tensor]) -> None:
        if not trainer.is_global_zero or not metrics:
            return
        device = trainer.strategy.root_device
        together = torch.stack([v.detach().float().to(device) for v in metrics.values()])
        for name, value in zip(metrics, together.tolist(), strict=True):
            curve = self.curves.setdefault(name, Curve(self.window))
            # a measure that is not taken at every validation stays in Lightning's table
            if name.startswith("metrics/") and curve.recent and curve.recent[-1] == value:
                continue
            curve.add(trainer.global_step, value)

    def numbers(self) -> dict[str, dict[str, float]]:
        """What :meth:`Curve.numbers` has to say of each, losses first."""
        order = ("train/loss", "val/loss", "train/", "val/", "metrics/", "speed/")
        names = sorted(
            (name for name, curve in self.curves.items() if curve.recent), key=order_by(order)
        )
        return {name: self.curves[name].numbers(self._higher(name)) for name in names}

    def _higher(self, name: str) -> bool | None:
        if name in self._directions or name.endswith(NEITHER):
            return self._directions.get(name)
        if name.endswith("per_second"):
            return True
        return False if name.startswith(("train/", "val/")) else None

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._report(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._report(trainer)

    def _report(self, trainer: pl.Trainer) -> None:
        numbers = self.numbers()
        if not trainer.is_global_zero or not numbers:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            told = text(numbers, trainer.global_step, trainer.max_steps, self.seconds, self.window)
            write_text(self.folder / "report.txt", told)
            curves = {name: self.curves[name].points for name in numbers}
            picture(curves).savefig(self.folder / "report.png", dpi=120)
        except Exception as error:  # what ended the run is to be heard, and not this
            log.warning("no report in %s: %s", self.folder, error)


def order_by(prefixes: tuple[str, ...]) -> Any:
    """A key that sorts names by the first prefix they have."""
    return lambda name: next(
        (n for n, prefix in enumerate(prefixes) if name.startswith(prefix)), len(prefixes)
    )


def _middle(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    step, value = np.mean(list(points), axis=0).tolist()
    return step, value

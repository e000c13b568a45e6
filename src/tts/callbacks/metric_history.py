"""Metric history: the course of every metric of a run, and a report at its end."""

import logging
import time
from io import BytesIO
from pathlib import Path
from typing import Annotated

import lightning.pytorch as pl
import torch
from torch import Tensor

from tts.bounds import Bound
from tts.callbacks.support.metric_curve import MetricCurve
from tts.callbacks.support.metric_directions import metric_directions
from tts.callbacks.support.metric_report import Steps, in_order, report_figure, report_text
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.trend import MIN_POINTS
from tts.errors import UserError
from tts.files import write_bytes, write_text
from tts.plain_data import PlainData

log = logging.getLogger(__name__)
VALIDATION = ("val/", "metrics/")  # prefixes of what validations measure
NO_DIRECTION = ("learning_rate", "gradient_norm")  # neither lower nor higher is better


class MetricHistory(pl.Callback):
    """Keeps a :class:`MetricCurve` of every logged metric, read every ``log_every_n_steps`` and at
    each validation, with one transfer from the device.

    Writes ``report.txt`` and ``report.png`` to ``folder`` when the run ends or fails. They cover
    the steps before a resume too, whose curves are in the checkpoint. ``window``: values of which
    mean, standard deviation and trend are computed.
    """

    priority = DEFAULT

    def __init__(self, folder: str | Path, window: Annotated[int, Bound(least=2)] = 20) -> None:
        if window < MIN_POINTS:
            raise UserError(
                f"callbacks.metric_history.window={window} must be at least {MIN_POINTS}"
            )
        self.folder, self.window = Path(folder), window
        self.curves: dict[str, MetricCurve] = {}
        self._directions: dict[str, bool | None] = {}
        self._seconds = 0.0  # of the run before it was resumed
        self._began = time.monotonic()
        self._step = 0  # of the last reading

    def state_dict(self) -> PlainData:
        curves = {name: curve.state_dict() for name, curve in self.curves.items()}
        return {"curves": curves, "seconds": self.seconds}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self._seconds = state_dict["seconds"]
        self.curves = {name: MetricCurve(self.window) for name in state_dict["curves"]}
        for name, state in state_dict["curves"].items():
            self.curves[name].load_state_dict(state)

    @property
    def seconds(self) -> float:
        """Time that the run has taken, before a resume too."""
        return self._seconds + time.monotonic() - self._began

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._directions = metric_directions(trainer)
        self._began, self._step = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        step = trainer.global_step
        if step % trainer.log_every_n_steps == 0 and step != self._step:  # type: ignore[attr-defined]
            self._step = step
            found = trainer.logged_metrics
            self._add(trainer, {n: v for n, v in found.items() if not n.startswith(VALIDATION)})

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            found = trainer.logged_metrics
            self._add(trainer, {n: v for n, v in found.items() if n.startswith(VALIDATION)})

    def _add(self, trainer: pl.Trainer, metrics: dict[str, Tensor]) -> None:
        if not trainer.is_global_zero or not metrics:
            return
        device = trainer.strategy.root_device
        values = torch.stack([v.detach().float().to(device) for v in metrics.values()])
        for name, value in zip(metrics, values.tolist(), strict=True):
            curve = self.curves.setdefault(name, MetricCurve(self.window))
            # Lightning keeps the last value of a metric that this validation did not measure
            if name.startswith("metrics/") and curve.recent and curve.recent[-1] == value:
                continue
            curve.add(trainer.global_step, value)

    def statistics(self) -> dict[str, dict[str, float]]:
        """Return :meth:`MetricCurve.statistics` of each metric, losses first."""
        names = in_order(name for name, curve in self.curves.items() if curve.recent)
        return {name: self.curves[name].statistics(self._higher_is_better(name)) for name in names}

    def _higher_is_better(self, name: str) -> bool | None:
        if name in self._directions or name.endswith(NO_DIRECTION):
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
        statistics = self.statistics()
        if not trainer.is_global_zero or not statistics:
            return
        steps = Steps(trainer.global_step, trainer.max_steps, self.seconds)
        try:
            text = report_text(statistics, steps, self.window)
            write_text(self.folder / "report.txt", text)
            curves = {name: self.curves[name].points for name in statistics}
            picture = BytesIO()
            report_figure(curves).savefig(picture, dpi=120)
            write_bytes(self.folder / "report.png", picture.getvalue())
        except Exception as error:  # must not hide the exception that ended the run
            log.warning("cannot write the report to %s: %s", self.folder, error)

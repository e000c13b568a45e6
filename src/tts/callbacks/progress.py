"""Progress of a run: steps, speed, time left and losses, as a bar or as log lines."""

import logging
import time

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tts.bounds import NonNegative
from tts.callbacks.metric_history import MetricHistory
from tts.callbacks.support.priority import DEFAULT

log = logging.getLogger(__name__)


class SpeedColumn(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.2f} it/s" if speed else "- it/s", style="progress.data.speed")


class ProgressLine(pl.Callback):
    """A Rich bar on a terminal, or else a log line every ``log_every_n_seconds``.

    Its loss is the mean over the window of :class:`MetricHistory`, if that is among the callbacks.
    """

    priority = DEFAULT

    def __init__(self, log_every_n_seconds: NonNegative = 30.0) -> None:
        self.log_every_n_seconds = log_every_n_seconds
        self._bar: Progress | None = None
        self._train = TaskID(0)
        self._validate: TaskID | None = None
        self._began = 0.0
        self._first_step = 0  # of this process: not 0 in a resumed run
        self._updated = 0.0  # when the numbers were last read
        self._displayed: dict[str, float] = {}  # the numbers next to the bar

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._updated = self._began = time.perf_counter()
        self._first_step = trainer.global_step
        console = Console(stderr=True)
        if not trainer.is_global_zero or not console.is_terminal:
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            SpeedColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[numbers]}"),
            console=console,
            speed_estimate_period=120,
        )
        total = trainer.max_steps if trainer.max_steps > 0 else None
        self._train = self._bar.add_task(
            "train", total=total, completed=trainer.global_step, numbers=""
        )
        self._bar.start()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        now = time.perf_counter()
        if self._bar is not None:
            # reading the numbers waits for the device: at most four times a second
            if now - self._updated > 0.25:
                self._updated = now
                self._displayed = self._numbers(trainer)
            self._bar.update(
                self._train, completed=trainer.global_step, numbers=_as_text(self._displayed)
            )
        elif trainer.is_global_zero and now - self._updated > self.log_every_n_seconds:
            self._updated = now
            # validation included, for a realistic time left
            speed = (trainer.global_step - self._first_step) / (now - self._began)
            left = (trainer.max_steps - trainer.global_step) / max(speed, 1e-9)
            log.info(
                "step %d/%d  %.2f it/s  %s left  %s",
                trainer.global_step,
                trainer.max_steps,
                speed,
                _clock(left),
                _as_text(self._numbers(trainer)),
            )

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._bar is not None:
            total = sum(trainer.num_val_batches)
            self._validate = self._bar.add_task("validate", total=total, numbers="")

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if self._bar is not None and self._validate is not None:
            self._bar.advance(self._validate)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._bar is not None and self._validate is not None:
            self._bar.remove_task(self._validate)
            self._validate = None

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    @staticmethod
    def _numbers(trainer: pl.Trainer) -> dict[str, float]:
        # not Lightning's progress_bar_metrics, which it reads from the device in every step
        latest = trainer.callback_metrics.get("train/loss")
        numbers = {} if latest is None else {"loss": float(latest)}
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, MetricHistory):
                curve = callback.curves.get("train/loss")
                if curve and curve.recent:
                    numbers["loss"] = curve.mean
        if (validated := trainer.callback_metrics.get("val/loss")) is not None:
            numbers["val/loss"] = float(validated)
        return numbers


def _as_text(numbers: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in numbers.items())


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"

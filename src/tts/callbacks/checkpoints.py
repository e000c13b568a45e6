"""Which checkpoints a run keeps: ``last.ckpt``, ``best.ckpt`` and every so often one for good."""

import logging
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import CheckpointIO

from tts.callbacks.signals import Interrupted
from tts.checkpoint import load_checkpoint, save_atomic
from tts.errors import UserError

log = logging.getLogger(__name__)
PREVIOUS = "previous"  # the name of the last but one


class AtomicCheckpointIO(CheckpointIO):
    """Checkpoints that are whole or absent, and that load without running what they hold."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        save_atomic(checkpoint, path)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        return load_checkpoint(path)

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


class Checkpoints(Checkpoint):
    """Saves into ``folder``:

    ``last.ckpt`` every ``every_n_steps`` optimizer steps, at the end, and when the run is
    interrupted; the one before it stays as ``previous.ckpt``, should the disk damage it;
    ``best.ckpt`` after a validation in which ``monitor`` was better than ever, lower unless it is
    a measure of which more is better (None: there is no best, the last counts);
    ``step-<n>.ckpt`` every ``keep_every_n_steps``, never removed (null = none).

    Always at the end of a whole step, so that each of them resumes exactly. An exception other
    than an interruption saves nothing: its weights may be half-stepped or not finite.
    """

    def __init__(
        self,
        folder: str | Path,
        monitor: str | None,
        every_n_steps: int = 500,
        keep_every_n_steps: int | None = None,
    ) -> None:
        if every_n_steps < 1:
            raise UserError(f"callbacks.checkpoints.every_n_steps={every_n_steps} must be above 0")
        self.folder = Path(folder)
        self.monitor = monitor
        self.every_n_steps = every_n_steps
        self.keep_every_n_steps = keep_every_n_steps
        self.best_score = math.inf  # of what is to be low: a measure to be high is negated
        self._before = 0  # optimizer steps when the current batch began
        self._saved = -1  # the step last.ckpt was saved at
        self._sign = 1

    def state_dict(self) -> dict[str, Any]:
        return {"best_score": self.best_score}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Resuming takes the best score from best.ckpt itself, the one that is to be beaten."""
        self._sign = self._direction(trainer)
        best = self.folder / "best.ckpt"
        if trainer.is_global_zero:
            for unfinished in self.folder.glob(".*.ckpt.*"):  # a writer was killed
                unfinished.unlink()
        if trainer.is_global_zero and best.is_file():
            state = load_checkpoint(best, mmap=True).get("callbacks", {}).get(self.state_key, {})
            self.best_score = state.get("best_score", math.inf)
        self.best_score = trainer.strategy.broadcast(self.best_score)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Lightning 2.6, resuming from the last batch of an epoch, goes on with the next one without
        # counting it as begun, and mistakes its own counters when that is resumed again
        loop = trainer.fit_loop
        epochs: Any = loop.epoch_progress
        if loop.restarted_mid_epoch and epochs.current.ready == epochs.current.processed:
            epochs.increment_ready()
            epochs.increment_started()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._before = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        step = trainer.global_step
        if step == self._before:  # between two batches whose gradients are accumulated
            return
        # the last step is saved here, while the loops still stand inside their epoch: the run can
        # then be resumed with a larger max_steps as if it had never ended
        if step % self.every_n_steps == 0 or step == trainer.max_steps:
            self._save_last(trainer)
        if self.keep_every_n_steps and step % self.keep_every_n_steps == 0:
            trainer.save_checkpoint(self.folder / f"step-{step:07d}.ckpt")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.monitor is None:
            return
        metrics = trainer.callback_metrics
        awaited = promised(trainer)
        if self.monitor not in metrics and self.monitor not in awaited:
            known = [*(name for name in metrics if name.startswith("val/")), *awaited]
            raise UserError(
                f"monitor={self.monitor} is not among what a validation measures: "
                f"{', '.join(sorted(known))}"
            )
        if trainer.sanity_checking or trainer.state.fn != "fit" or self.monitor not in metrics:
            return
        value = float(metrics[self.monitor])
        best = self._sign * value < self.best_score
        if best:
            self.best_score = self._sign * value
            trainer.save_checkpoint(self.folder / "best.ckpt")
        if trainer.is_global_zero:
            mark = ", the best so far" if best else ""
            log.info("step %d: %s %.4f%s", trainer.global_step, self.monitor, value, mark)

    @property
    def best_value(self) -> float:
        """The best that ``monitor`` was; infinite before the first validation."""
        return self._sign * self.best_score

    @property
    def higher_is_better(self) -> bool:
        return self._sign < 0

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._saved != trainer.global_step:
            self._save_last(trainer)
        if self.monitor is not None and math.isinf(self.best_score) and trainer.is_global_zero:
            log.warning(
                "there is no best.ckpt: %s was never measured (trainer.val_check_interval, "
                "trainer.max_epochs, callbacks.validation_metrics.every_n_validations)",
                self.monitor,
            )

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, Interrupted) and self._saved != trainer.global_step:
            self._save_last(trainer)

    def _direction(self, trainer: pl.Trainer) -> int:
        """-1 where more of ``monitor`` is better."""
        higher = promised(trainer).get(self.monitor or "", False)
        if higher is None:
            raise UserError(
                f"monitor={self.monitor}: neither more nor less of it is better, the recordings' is"
            )
        return -1 if higher else 1

    def _save_last(self, trainer: pl.Trainer) -> None:
        last, previous = self.folder / "last.ckpt", self.folder / f"{PREVIOUS}.ckpt"
        whole = self._saved >= 0 or Path(trainer.ckpt_path or "") == last  # we wrote or read it
        if trainer.is_global_zero and whole and last.is_file():
            previous.unlink(missing_ok=True)
            with suppress(OSError):  # a file system without links keeps one only
                os.link(last, previous)
        trainer.save_checkpoint(last)
        self._saved = trainer.global_step


def promised(trainer: pl.Trainer) -> dict[str, bool | None]:
    """What callbacks and the system measure beside losses, and whether more is better."""
    found: dict[str, bool | None] = {}
    callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
    for part in (trainer.lightning_module, *callbacks):
        found |= getattr(part, "directions", {})
    return found

"""Checkpoints of a run: ``last.ckpt``, ``best.ckpt`` and permanent ones at an interval."""

import logging
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint

from tts.bounds import Count
from tts.callbacks.graceful_stop import Interrupted
from tts.callbacks.support.datamodule import has_same_validation_set, is_without_validation
from tts.callbacks.support.finite_weights import require_finite_weights
from tts.callbacks.support.last_step import is_last_step
from tts.callbacks.support.metric_directions import metric_directions, monitors
from tts.callbacks.support.priority import DEFAULT
from tts.checkpoint import CheckpointError, load_checkpoint
from tts.errors import UserError
from tts.files import require_writable
from tts.plain_data import PlainData

log = logging.getLogger(__name__)
PREVIOUS = "previous"  # the checkpoint before last.ckpt


class Checkpoints(Checkpoint):
    """Saves into ``folder``:

    - ``last.ckpt`` every ``every_n_steps`` optimizer steps, at the end, and on an interruption;
      the one before it stays as ``previous.ckpt``, in case a file is damaged;
    - ``best.ckpt`` after a validation with the best value of ``monitor`` so far: the lowest, or the
      highest if the metric declares so (None: no best.ckpt);
    - ``step-<n>.ckpt`` every ``keep_every_n_steps``, never removed (None: none).

    Saves only between two optimizer steps, such that every checkpoint resumes exactly. An exception
    other than an interruption saves nothing: its weights may be half updated. Weights that are NaN
    or infinite are never saved: they end the run with a UserError. Raises FileError for a
    ``folder`` that takes no files.
    """

    priority = DEFAULT  # Lightning moves it behind all others

    def __init__(
        self,
        folder: str | Path,
        monitor: str | None,
        every_n_steps: Count = 500,
        keep_every_n_steps: Count | None = 10000,
    ) -> None:
        if every_n_steps < 1:
            raise UserError(f"callbacks.checkpoints.every_n_steps={every_n_steps} must be above 0")
        self.folder = Path(folder)
        require_writable(self.folder / "last.ckpt")  # before a corpus is prepared
        self.monitor = monitor
        self.every_n_steps = every_n_steps
        self.keep_every_n_steps = keep_every_n_steps
        self.best_score = math.inf  # lower is better: negated where higher is
        self._before = 0  # optimizer steps before the current batch
        self._saved = -1  # step of last.ckpt
        self._sign = 1

    def state_dict(self) -> PlainData:
        return {"best_score": self.best_score}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Read the best score so far from best.ckpt, where a run is resumed.

        The score of another validation set does not count, and its checkpoint gets another name.
        """
        self._sign = self._direction(trainer)
        best = self.folder / "best.ckpt"
        if trainer.is_global_zero:
            for unfinished in self.folder.glob(".*.ckpt.*"):  # of a killed process
                unfinished.unlink()
        if trainer.is_global_zero and best.is_file():
            self.best_score = self._former_score(best, trainer)
        self.best_score = trainer.strategy.broadcast(self.best_score)

    def _former_score(self, best: Path, trainer: pl.Trainer) -> float:
        """Return the score that ``best`` was saved with; infinity where it cannot be compared."""
        try:
            checkpoint = load_checkpoint(best, mmap=True)
            if has_same_validation_set(trainer, checkpoint):
                state = checkpoint.get("callbacks", {}).get(self.state_key, {})
                return float(state.get("best_score", math.inf))
        except (CheckpointError, AttributeError, TypeError, ValueError) as error:
            log.warning("%s; the next validation replaces %s", error, best.name)
            return math.inf
        former = best.replace(self.folder / "former-best.ckpt")
        log.warning(
            "the validation set is another one than that of best.ckpt, which is %s now: the next "
            "validation begins a new best.ckpt",
            former,
        )
        return math.inf

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Lightning 2.6 does not count an epoch as started when it resumes after the last batch of
        # the one before, and then misreads its counters when that run is resumed
        loop = trainer.fit_loop
        epochs: Any = loop.epoch_progress
        if loop.restarted_mid_epoch and epochs.current.ready == epochs.current.processed:
            epochs.increment_ready()
            epochs.increment_started()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        self._before = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        step = trainer.global_step
        if step == self._before:  # more batches are accumulated for this step
            return
        # the last step is saved here and not in on_train_end, while the loops are inside their
        # epoch, such that the run can be resumed with a larger max_steps
        if step % self.every_n_steps == 0 or is_last_step(trainer):
            self._save_last(trainer)
        if self.keep_every_n_steps and step % self.keep_every_n_steps == 0:
            self._save(trainer, f"step-{step:07d}.ckpt")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.monitor is None or trainer.state.fn != "fit":
            return
        metrics = trainer.callback_metrics
        if self.monitor not in (known := monitors(trainer)):
            raise UserError(
                f"monitor={self.monitor} is not a metric of this model's validation: choose from "
                f"{', '.join(known)}"
            )
        if trainer.sanity_checking or self.monitor not in metrics:
            return
        value = float(metrics[self.monitor])
        best = self._sign * value < self.best_score
        if best:
            self.best_score = self._sign * value
            self._save(trainer, "best.ckpt")
        if trainer.is_global_zero:
            mark = ", best so far" if best else ""
            log.info("step %d: %s %.4f%s", trainer.global_step, self.monitor, value, mark)

    @property
    def best_value(self) -> float:
        """Best value of ``monitor`` so far; infinite before the first validation."""
        return self._sign * self.best_score

    @property
    def higher_is_better(self) -> bool:
        """Whether the best value of ``monitor`` is the highest."""
        return self._sign < 0

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._saved != trainer.global_step:
            self._save_last(trainer)
        if self.monitor is not None and math.isinf(self.best_score) and trainer.is_global_zero:
            log.warning(
                "there is no best.ckpt, only last.ckpt: %s",
                self._why_no_best(trainer, self.monitor),
            )

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, Interrupted) and self._saved != trainer.global_step:
            self._save_last(trainer)

    @staticmethod
    def _why_no_best(trainer: pl.Trainer, monitor: str) -> str:
        if is_without_validation(trainer):
            return "no utterance is for validation (data.prepare.validation_share)"
        if not trainer.enable_validation:
            return "trainer.limit_val_batches=0 leaves out all validations"
        if monitor in trainer.callback_metrics:
            return f"{monitor} was never a finite number"
        return f"{monitor} was not measured. Choose another monitor, val/... or metrics/..."

    def _direction(self, trainer: pl.Trainer) -> int:
        """Return -1 if higher values of ``monitor`` are better, else 1."""
        higher = metric_directions(trainer).get(self.monitor or "", False)
        if higher is None:
            raise UserError(
                f"monitor={self.monitor}: neither the highest nor the lowest value is best, but "
                "the recordings'. Choose another metric"
            )
        return -1 if higher else 1

    def _save_last(self, trainer: pl.Trainer) -> None:
        last, previous = self.folder / "last.ckpt", self.folder / f"{PREVIOUS}.ckpt"
        valid = self._saved >= 0 or Path(trainer.ckpt_path or "") == last  # written or read here
        require_finite_weights(trainer, trainer.lightning_module)  # before a file is replaced
        if trainer.is_global_zero and valid and last.is_file():
            previous.unlink(missing_ok=True)
            with suppress(OSError):  # the file system has no hard links
                os.link(last, previous)
        trainer.save_checkpoint(last)
        self._saved = trainer.global_step

    def _save(self, trainer: pl.Trainer, name: str) -> None:
        require_finite_weights(trainer, trainer.lightning_module)
        trainer.save_checkpoint(self.folder / name)

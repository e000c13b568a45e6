"""Ctrl-C and SIGTERM end a run after its current step, saved; a second one ends it at once."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

import lightning.pytorch as pl

from tts.callbacks.support.priority import STOP

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """The run was asked to end. It stands between two steps, so it can be saved and resumed."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}")
        self.signum = signum


class GracefulStop(pl.Callback):
    """A context manager around ``trainer.fit`` and a callback within it.

    The handlers only take a note; the step under way is finished, because weights in the middle of
    an optimizer step could not be resumed. Then :class:`Interrupted` is raised, on which
    :class:`~tts.callbacks.checkpoints.Checkpoints` saves.
    """

    priority = STOP

    def __init__(self) -> None:
        self.signum = 0  # the signal received, 0 = none
        self._before = 0  # optimizer steps when the current batch began
        self._between_steps = True  # no gradients wait for more batches to be added to them
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "GracefulStop":
        self._former = {signum: signal.getsignal(signum) for signum in SIGNALS}
        self._install()
        return self

    def __exit__(self, *exception: object) -> None:
        if threading.current_thread() is threading.main_thread():
            for signum, handler in self._former.items():
                signal.signal(signum, handler)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Lightning has just put its own SIGTERM handler first. It talks to the other ranks from
        # inside the handler, in the middle of whatever they are exchanging; below, they agree
        # between two steps.
        self._install()

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
        self._between_steps = trainer.global_step > self._before
        if trainer.global_step != trainer.max_steps:
            self._stop_if_asked(trainer)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if not trainer.sanity_checking:
            self._stop_if_asked(trainer)

    def _stop_if_asked(self, trainer: pl.Trainer) -> None:
        asked = self.signum != 0 and self._between_steps
        if trainer.world_size > 1:
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        if asked:
            raise Interrupted(self.signum or signal.SIGTERM)

    def _install(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for signum in SIGNALS:
                signal.signal(signum, self._note)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.signum:  # asked twice: no more patience
            raise SystemExit(128 + signum)
        self.signum = signum
        log.warning(
            "%s: ending after this step; once more to end without saving",
            "Ctrl-C" if signum == signal.SIGINT else signal.Signals(signum).name,
        )

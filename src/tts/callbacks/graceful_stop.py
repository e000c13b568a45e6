"""Graceful stop: Ctrl-C, SIGTERM and SIGHUP end a run after its current step, a second at once."""

import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

import lightning.pytorch as pl

from tts.callbacks.support.priority import STOP
from tts.child_processes import HANGUP, STOP_SIGNALS
from tts.signals import is_ignored, leave_terminal, require_not_stopped, saving_first

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """A signal ended the run between two optimizer steps: it can be saved and resumed."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}")
        self.signum = signum


class GracefulStop(pl.Callback):
    """A context manager around ``trainer.fit`` and a callback in it.

    The signal handlers only record the signal. After the current step, because the middle of one
    cannot be resumed, :class:`Interrupted` is raised, on which
    :class:`~tts.callbacks.checkpoints.Checkpoints` saves. Before the first step there is nothing to
    save.
    """

    priority = STOP

    def __init__(self) -> None:
        self.signum = 0  # the signal received, 0 = none
        self._before = 0  # optimizer steps before the current batch
        self._between_steps = True  # no accumulated gradients are pending
        self._training = False  # the first batch has begun
        self._previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._saving = ExitStack()

    def __enter__(self) -> "GracefulStop":
        signals = [signum for signum in STOP_SIGNALS if not is_ignored(signum)]
        self._previous = {signum: signal.getsignal(signum) for signum in signals}
        self._install()
        self._saving.enter_context(saving_first())
        require_not_stopped()
        return self

    def __exit__(self, *exception: object) -> None:
        self._saving.close()
        if threading.current_thread() is threading.main_thread():
            for signum, handler in self._previous.items():
                signal.signal(signum, handler)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Lightning has just installed its own SIGTERM handler, which communicates with the other
        # ranks inside the handler, possibly during another collective
        self._install()
        self._stop_if_requested(trainer)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        self._before, self._training = trainer.global_step, True

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        self._between_steps = trainer.global_step > self._before
        if trainer.global_step != trainer.max_steps:
            self._stop_if_requested(trainer)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._stop_if_requested(trainer)

    def _stop_if_requested(self, trainer: pl.Trainer) -> None:
        requested = self.signum != 0 and self._between_steps
        if trainer.world_size > 1:
            requested = trainer.strategy.reduce_boolean_decision(requested, all=False)
        if requested:
            signum = self.signum or signal.SIGTERM
            raise Interrupted(signum) if self._training else SystemExit(128 + signum)

    def _install(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for signum in self._previous:
                signal.signal(signum, self._record)

    def _record(self, signum: int, frame: FrameType | None) -> None:
        if signum == HANGUP:
            leave_terminal()
        if self.signum:  # the second signal
            raise SystemExit(128 + signum)
        self.signum = signum
        log.warning(
            "%s: the run ends after this step. Repeat to end it now, without saving",
            "Ctrl-C" if signum == signal.SIGINT else signal.Signals(signum).name,
        )

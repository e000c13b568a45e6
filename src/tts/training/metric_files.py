"""Files of the loggers on a disk that is full: the training is stopped, not broken."""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.loggers import TensorBoardLogger

from tts.callbacks.graceful_stop import GracefulStop
from tts.files import FileError, disk_error

log = logging.getLogger(__name__)

WRITING = ("log_metrics", "log_hyperparams", "log_graph", "save", "finalize")  # of a logger
EVENTS = ("add_event", "flush", "close")  # of TensorBoard's event file


class MetricFiles:
    """Makes ``stop`` end the training after its step where a logger cannot write.

    A metric is logged in the middle of a step: an exception there would lose all steps since the
    last checkpoint.
    """

    def __init__(self, trainer: pl.Trainer, stop: GracefulStop) -> None:
        self._stop = stop
        self._error: OSError | None = None
        for logger in trainer.loggers if trainer.is_global_zero else ():
            _guard(logger, WRITING, self._failed)
            if isinstance(logger, TensorBoardLogger):
                _guard(logger.experiment.file_writer.event_writer, EVENTS, self._failed)

    def _failed(self, error: OSError) -> None:
        if self._error is None:
            self._error = error
            log.warning("the metrics cannot be written: the run ends after this step")
        self._stop.signum = self._stop.signum or signal.SIGTERM

    def require_written(self, folder: str, step: int) -> None:
        """Raise FileError where a logger could not write to ``folder``, the run's."""
        if self._error is not None:
            reason = os.strerror(self._error.errno or 0).lower()
            raise FileError(
                f"{folder}: {reason}; the run was saved at step {step} without its last metrics: "
                f"free some space and go on with resume={folder}"
            )


def _guard(writer: Any, methods: Sequence[str], report: Callable[[OSError], None]) -> None:
    for name in methods:
        setattr(writer, name, _guarded(getattr(writer, name), report))


def _guarded(method: Callable[..., Any], report: Callable[[OSError], None]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except Exception as error:
            if (cause := disk_error(error)) is None:
                raise
            report(cause)
            return None

    return call

"""Pruning: end a run that a sweep no longer wants."""

import logging
from collections.abc import Callable

import lightning.pytorch as pl

from tts.callbacks.support.measured import MeasuredMetric
from tts.callbacks.support.metric_directions import metric_directions
from tts.callbacks.support.priority import PRUNE
from tts.errors import UserError

log = logging.getLogger(__name__)


class Pruning(pl.Callback):
    """Calls ``report(value, step)`` with ``monitor`` after every validation that measures it.

    If it returns True, the run ends after the current step and saves its checkpoint as usual.
    """

    priority = PRUNE

    def __init__(
        self, monitor: str, report: Callable[[float, int], bool], maximize: bool = False
    ) -> None:
        self.monitor, self.report, self.maximize = monitor, report, maximize
        self._measured = MeasuredMetric(monitor)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        higher = metric_directions(trainer).get(self.monitor, False)
        if higher is not None and higher != self.maximize:
            side = "maximize" if higher else "minimize"
            raise UserError(
                f"monitor={self.monitor} is a metric to {side}: set hydra.sweeper.direction={side}"
            )

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if (value := self._measured.read(trainer)) is None:
            return
        # the first rank decides for all
        pruned = trainer.is_global_zero and self.report(value, trainer.global_step)
        if trainer.strategy.broadcast(pruned):
            log.info("step %d: pruned by the sweep", trainer.global_step)
            trainer.should_stop = True

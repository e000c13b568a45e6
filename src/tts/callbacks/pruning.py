"""Ends a run that a sweep has given up."""

import logging
from collections.abc import Callable

import lightning.pytorch as pl

from tts.callbacks.checkpoints import promised
from tts.callbacks.support.priority import PRUNE
from tts.errors import UserError

log = logging.getLogger(__name__)


class Pruning(pl.Callback):
    """Tells ``report(value, step)`` what ``monitor`` is after every validation.

    When that says so, the run ends after the step under way, saved as any other.
    """

    priority = PRUNE

    def __init__(
        self, monitor: str, report: Callable[[float, int], bool], maximize: bool = False
    ) -> None:
        self.monitor, self.report, self.maximize = monitor, report, maximize
        self._told: object = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        higher = promised(trainer).get(self.monitor, False)
        if higher is not None and higher != self.maximize:
            side = "maximize" if higher else "minimize"
            raise UserError(
                f"monitor={self.monitor} is one to {side}: hydra.sweeper.direction={side}"
            )

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        value = trainer.callback_metrics.get(self.monitor)
        if value is None or value is self._told:  # measured in an earlier validation
            return
        self._told = value
        # what one rank decides all have to do
        hopeless = trainer.is_global_zero and self.report(float(value), trainer.global_step)
        if trainer.strategy.broadcast(hopeless):
            log.info("step %d: given up by the sweep", trainer.global_step)
            trainer.should_stop = True

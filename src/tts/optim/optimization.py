"""Optimization settings of a system: optimizer, schedule, clipping and accumulation."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tts.errors import UserError

ParameterGroups = Iterable[Mapping[str, object]]


class Optimization(NamedTuple):
    """How a system's weights are trained.

    The last two are for a system that steps several optimizers itself; for any other the trainer
    clips and accumulates.
    """

    optimizer: Callable[[ParameterGroups], Optimizer]
    scheduler: Callable[..., LRScheduler]  # (optimizer, total_steps=...); one step per optimizer's
    clip: float | None = None  # gradient norm of each optimizer's weights; None: not clipped
    accumulate: int = 1  # batches per optimizer step

    def optimizer_of(self, groups: ParameterGroups) -> Optimizer:
        """Build the optimizer. Raises UserError for settings that exclude each other."""
        try:
            return self.optimizer(groups)
        except (RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"optimizer: {reason}; change its settings, optimizer.*") from error

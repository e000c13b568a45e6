"""Bad step guard: detects harmful optimizer steps, skips them and bundles them for replay."""

import logging
from collections import deque
from pathlib import Path
from typing import Annotated

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from tts.batch import Batch, Clips
from tts.bounds import Bound, Positive, Steps
from tts.callbacks.support.bad_step_bundle import (
    BackwardRecord,
    amp_scale,
    snapshot,
    utterance_names,
    write_bundle,
)
from tts.callbacks.support.bad_step_detection import MIN_LOSSES, BadStepDetector
from tts.callbacks.support.finite_weights import require_finite_weights
from tts.callbacks.support.optimizers import optimizer_index
from tts.callbacks.support.priority import GUARD
from tts.callbacks.support.random_states import random_states
from tts.callbacks.support.ranks import on_any_rank
from tts.callbacks.support.trained_system import trained_system
from tts.checkpoint import CheckpointError
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.strategies.private_api import is_deepspeed_parameter
from tts.strategies.sharding import ShardedStrategy, gather_full, skip_step

log = logging.getLogger(__name__)
MAX_NAMED = 8  # utterances in a log message


class BadStepGuard(pl.Callback):
    """Skips an optimizer step whose loss or gradient is NaN or infinite, or whose loss is an
    outlier, and writes a bundle of it to ``folder``. ``python -m tts replay BUNDLE`` runs the step
    again and names the module at fault. Weights that are NaN or infinite end the run at once.

    A skipped step changes neither weights nor optimizer. See :class:`BadStepDetector` for
    ``outlier_threshold`` and ``window``. The run ends with a UserError after ``max_skipped``
    skipped steps within ``window`` steps. The first ``max_bundles`` bundles are written. DeepSpeed
    skips steps with NaN or infinite gradients itself: they are logged and counted but not bundled.
    Transfers one tensor from the device at every step.
    """

    priority = GUARD

    def __init__(
        self,
        folder: str | Path,
        outlier_threshold: Positive | None = 30.0,
        window: Annotated[int, Bound(least=50)] = 500,
        max_skipped: Steps = 10,
        max_bundles: Steps = 5,
    ) -> None:
        if window < MIN_LOSSES or max_skipped < 1:
            raise UserError(
                f"callbacks.bad_steps: window={window} must be at least {MIN_LOSSES} and "
                f"max_skipped={max_skipped} above 0"
            )
        if outlier_threshold is not None and outlier_threshold <= 0:
            raise UserError(
                f"callbacks.bad_steps.outlier_threshold={outlier_threshold} must be above 0 or null"
            )
        self.folder = Path(folder)
        self.window, self.max_skipped, self.max_bundles = window, max_skipped, max_bundles
        self.detector = BadStepDetector(outlier_threshold, window)
        self._skipped: deque[int] = deque(maxlen=max_skipped)  # steps
        self._records: list[BackwardRecord] = []  # since the last optimizer step
        self._batch: Batch | Clips | None = None
        self._random: dict[str, Tensor] = {}

    def state_dict(self) -> PlainData:
        return {**self.detector.state_dict(), "skipped": list(self._skipped)}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self.detector.load_state_dict(state_dict)
        self._skipped = deque(state_dict["skipped"], self.max_skipped)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.detector.start(len(trainer.optimizers))
        self._records = []

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Batch | Clips,
        batch_idx: int,
    ) -> None:
        self._batch, self._random = batch, random_states()

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        assert self._batch is not None
        optimizer = trained_system(pl_module).active_optimizer
        self._records.append(BackwardRecord(self._batch, self._random, loss.detach(), optimizer))

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        index = optimizer_index(trainer, optimizer)
        records = [record for record in self._records if record.optimizer == index]
        self._records = [record for record in self._records if record.optimizer != index]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        grads = [p.grad for p in parameters if p.grad is not None]
        # DeepSpeed hides the gradients, and skips those that are NaN or infinite itself
        if not records or not (
            grads or any(is_deepspeed_parameter(p) for p in pl_module.parameters())
        ):
            return
        losses, norm = _read(records, grads)
        bad = self.detector.check(losses, norm, index, amp_scale(trainer))
        if not on_any_rank(trainer, bad is not None):
            self.detector.accept(losses, index)
            return
        require_finite_weights(trainer, pl_module)  # else every further step would be bad
        weights = self._skip(trainer, pl_module, parameters)
        if bad is not None:
            culprit, loss = records[bad.culprit], losses[bad.culprit]
            where = self._bundle(trainer, culprit, loss, bad.reason, weights)
            log.warning("step %d skipped: %s%s", trainer.global_step, bad.reason, where)
        reason = bad.reason if bad is not None else "another rank's loss or gradient is bad"
        self._count(trainer.global_step, reason)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch | Clips,
        batch_idx: int,
    ) -> None:
        strategy = trainer.strategy
        if isinstance(strategy, ShardedStrategy) and strategy.overflow_skipped:
            strategy.overflow_skipped = False
            reason = "the gradient norm is NaN or infinite"
            named = _named(utterance_names(trainer, batch))
            log.warning("step %d skipped: %s%s", trainer.global_step, reason, named)
            self._count(trainer.global_step, reason)

    def _skip(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, parameters: list[nn.Parameter]
    ) -> dict[str, object] | None:
        """Skip the step on every rank; return a snapshot of it if a bundle is to be written."""
        wanted = len(list(self.folder.glob("*.pt"))) < self.max_bundles
        weights = snapshot(pl_module) if on_any_rank(trainer, wanted) else None
        skip_step(trainer, parameters)
        return weights

    def _bundle(
        self,
        trainer: pl.Trainer,
        record: BackwardRecord,
        loss: float,
        reason: str,
        weights: dict[str, object] | None,
    ) -> str:
        """Write the bundle, and return its utterances and its path for the log.

        Where it cannot be written, the log says why.
        """
        named = _named(utterance_names(trainer, record.batch))
        if weights is None:
            return f"{named} (not bundled: max_bundles={self.max_bundles} are written)"
        rank = f"-rank{trainer.global_rank}" if trainer.world_size > 1 else ""
        path = self.folder / f"step-{trainer.global_step:07d}{rank}.pt"
        try:
            write_bundle(path, trainer, record, loss, reason, weights)
        except CheckpointError as error:  # a full disk: the step is skipped all the same
            return f"{named} (not bundled: {error})"
        return f"{named} -> {path}"

    def _count(self, step: int, reason: str) -> None:
        """Raise UserError if too many of the last steps were skipped."""
        self._skipped.append(step)
        recent = [skipped for skipped in self._skipped if skipped > step - self.window]
        if len(recent) >= self.max_skipped:
            raise UserError(
                f"{self.max_skipped} of the last {self.window} steps were skipped, the last "
                f"because {reason}. Find the cause with python -m tts replay and a bundle in "
                f"{self.folder}"
            )


def _read(records: list[BackwardRecord], grads: list[Tensor]) -> tuple[list[float], float]:
    """Return the losses and the total gradient norm, with one transfer from the device."""
    norm = gather_full(torch.nn.utils.get_total_norm(grads))
    norm = norm.float().to(records[-1].loss.device)
    *losses, total = torch.stack([*(r.loss.float() for r in records), norm]).tolist()
    return losses, total


def _named(utterances: list[str]) -> str:
    """Name the first utterances, for a log message."""
    if not utterances:
        return ""
    more = len(utterances) - MAX_NAMED
    first = ", ".join(utterances[:MAX_NAMED])
    return f"; utterances {first}{f' and {more} more' if more > 0 else ''}"

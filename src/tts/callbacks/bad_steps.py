"""Steps that would harm the weights: not taken, and kept so that they can be looked into."""

import logging
import math
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from tts.callbacks.gradient_monitor import look_at
from tts.callbacks.support.optimizers import index_of
from tts.callbacks.support.priority import GUARD
from tts.checkpoint import save_atomic
from tts.errors import UserError
from tts.strategies.sharding import ShardedStrategy, gather_full, of_deepspeed, skip_step

log = logging.getLogger(__name__)
FEWEST = 50  # losses that an outlier can be told from


class BackwardRecord(NamedTuple):
    """One backward pass: what it began with and what it cost."""

    batch: Any
    random: dict[str, Any]  # the generators' states before it
    loss: Tensor
    whose: int = 0  # the optimizer that it is for


class BadStepGuard(pl.Callback):
    """Skips an optimizer step whose loss or gradient is no number, or whose loss is out of all
    proportion, and leaves a bundle of it in ``folder``: utterance ids, batch, weights, generators'
    states, AMP scale, gradient norms by layer, config. ``python -m tts replay BUNDLE``
    runs it again and names the module that it begins in.

    A skipped step leaves weights and optimizer as they were. ``outlier``: robust deviations (median
    and median absolute deviation, Hampel 1974) above the last ``window`` losses that are too many;
    null to look at numbers alone. After ``limit`` skipped steps within ``window`` the run ends with
    an error. ``keep``: bundles, the first ones. DeepSpeed keeps gradients to itself: it passes over
    those that are no numbers, which is told and counted and leaves no bundle. Under AMP with
    float16 an overflow is the scaler's affair, until its scale is below 1. Reads one number from
    the device at every step.
    """

    priority = GUARD

    def __init__(
        self,
        folder: str | Path,
        outlier: float | None = 30.0,
        window: int = 500,
        limit: int = 10,
        keep: int = 5,
    ) -> None:
        if window < FEWEST or limit < 1 or (outlier is not None and outlier <= 0):
            raise UserError(
                f"callbacks.bad_steps: window={window} must be at least {FEWEST}, limit={limit} and "
                f"outlier={outlier} above 0"
            )
        self.folder = Path(folder)
        self.outlier, self.window, self.limit, self.keep = outlier, window, limit, keep
        self._losses: list[deque[float]] = []  # by optimizer
        self._skipped: deque[int] = deque(maxlen=limit)  # steps
        self._turns: list[BackwardRecord] = []  # since the last optimizer step
        self._batch: Any = None
        self._random: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return {
            "losses": [list(losses) for losses in self._losses], "skipped": list(self._skipped),
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._losses = [deque(losses, self.window) for losses in state_dict["losses"]]
        self._skipped = deque(state_dict["skipped"], self.limit)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        while len(self._losses) < len(trainer.optimizers):
            self._losses.append(deque(maxlen=self.window))
        self._turns = []

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._batch, self._random = batch, random_states()

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        whose = getattr(pl_module, "active_optimizer", 0)
        self._turns.append(BackwardRecord(self._batch, self._random, loss.detach(), whose))

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        index = index_of(trainer, optimizer)
        turns = [turn for turn in self._turns if turn.whose == index]
        self._turns = [turn for turn in self._turns if turn.whose != index]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        grads = [p.grad for p in parameters if p.grad is not None]
        # DeepSpeed keeps gradients to itself, and passes over those that are no numbers
        if not turns or not (grads or any(of_deepspeed(p) for p in pl_module.parameters())):
            return
        norm = gather_full(torch.nn.utils.get_total_norm(grads))
        norm = norm.float().to(turns[-1].loss.device)
        *losses, size = torch.stack([*(t.loss.float() for t in turns), norm]).tolist()
        reason, worst = self._verdict(losses, size, index, amp_scale(trainer))
        bad = bool(reason)
        if trainer.world_size > 1:  # a step is taken by all ranks or by none
            bad = trainer.strategy.reduce_boolean_decision(bad, all=False)
        if not bad:
            self._losses[index].extend(losses)
            return
        room = len(list(self.folder.glob("*.pt"))) < self.keep
        if trainer.world_size > 1:  # all of them look, where each has but a part
            room = trainer.strategy.reduce_boolean_decision(room, all=False)
        weights = snapshot(pl_module) if room else None
        skip_step(trainer, parameters)
        if reason:
            blamed = self._keep(trainer, pl_module, turns[worst], losses[worst], reason, weights)
            log.warning("step %d skipped: %s%s", trainer.global_step, reason, blamed)
        self._count(trainer.global_step, reason or "of another rank")

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        strategy = trainer.strategy
        if isinstance(strategy, ShardedStrategy) and strategy.skipped_by_itself:
            strategy.skipped_by_itself = False
            ids = ", ".join(utterances(trainer, batch)[:8])
            reason = "the norm of its gradient is no number"
            log.warning("step %d skipped: %s; utterances %s", trainer.global_step, reason, ids)
            self._count(trainer.global_step, reason)

    def _count(self, step: int, reason: str) -> None:
        self._skipped.append(step)
        recent = [skipped for skipped in self._skipped if skipped > step - self.window]
        if len(recent) >= self.limit:
            raise UserError(
                f"{self.limit} of the last {self.window} steps were skipped, the last because "
                f"{reason}; look into one: python -m tts replay {self.folder}/..."
            )

    def _verdict(
        self, losses: list[float], norm: float, index: int, scale: float | None
    ) -> tuple[str, int]:
        """Why the step is not to be taken, "" if it is; and the turn that is to blame."""
        for number, loss in enumerate(losses):
            if not math.isfinite(loss):
                return f"the loss is {loss}", number
        if not math.isfinite(norm) and (scale is None or scale < 1):
            return f"the loss is {losses[-1]:.4g} and the norm of its gradient {norm}", -1
        known = self._losses[index]
        if self.outlier is None or len(known) < FEWEST:
            return "", -1
        middle = float(np.median(known))
        spread = 1.4826 * float(np.median(np.abs(np.asarray(known) - middle)))
        worst = int(np.argmax(losses))
        away = (losses[worst] - middle) / max(spread, 1e-3 * abs(middle), 1e-12)
        if away > self.outlier:
            return (
                f"the loss is {losses[worst]:.4g}, {away:.0f} deviations above the median of the "
                f"last {len(known)}, {middle:.4g}"
            ), worst
        return "", -1

    def _keep(
        self,
        trainer: pl.Trainer,
        system: Any,
        turn: BackwardRecord,
        loss: float,
        reason: str,
        weights: dict[str, Any] | None,
    ) -> str:
        """Where the bundle is, for the log."""
        ids = utterances(trainer, turn.batch)
        named = f"; utterances {', '.join(ids[:8])}{', ...' if len(ids) > 8 else ''}" if ids else ""
        rank = f"-rank{trainer.global_rank}" if trainer.world_size > 1 else ""
        path = self.folder / f"step-{trainer.global_step:07d}{rank}.pt"
        if weights is None:
            return f"{named} (no bundle: there are {self.keep} already)"
        bundle = {
            "reason": reason,
            "step": trainer.global_step,
            "loss": loss,
            "utterances": ids,
            "batch": {
                name: value.cpu()
                for name, value in turn.batch._asdict().items()
                if isinstance(value, Tensor)
            },
            "random": turn.random,
            "amp_scale": amp_scale(trainer),
            "precision": str(trainer.precision),
            **weights,
            **system.card,
        }
        save_atomic(bundle, path)
        return f"{named} -> {path}"


def snapshot(system: pl.LightningModule) -> dict[str, Any]:
    """The weights and the size of their gradients, layer by layer."""
    named = system.named_parameters()
    moving = [(name, p) for name, p in named if p.grad is not None or of_deepspeed(p)]
    return {
        "gradient_norms": {name: look.norm for name, look in look_at(moving, 4).items()},
        "state_dict": {
            name: gather_full(value).detach().cpu()
            for name, value in system.state_dict(keep_vars=True).items()
        },
    }


def random_states() -> dict[str, Any]:
    """What :func:`restore_random` needs to draw the same again."""
    states: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def restore_random(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def amp_scale(trainer: pl.Trainer) -> float | None:
    """What float16 losses are multiplied by; None where none are."""
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return None if scaler is None else float(scaler.get_scale())


def utterances(trainer: pl.Trainer, batch: Any) -> list[str]:
    """Names of a batch's utterances, or their numbers where the corpus gives no names."""
    if (rows := getattr(batch, "utterance", None)) is None:
        return []
    name = getattr(trainer.datamodule, "utterance_id", None)  # type: ignore[attr-defined]
    return [name(row) if name else str(row) for row in rows.tolist()]

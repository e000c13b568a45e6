"""Where gradients vanish, explode or stay away, layer by layer and in words."""

import logging
import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn

from tts.callbacks.support.periodic_validation import tensorboard_writers
from tts.errors import UserError
from tts.strategies.private_api import is_deepspeed_parameter
from tts.strategies.sharding import gather_full, gather_full_gradient

log = logging.getLogger(__name__)
REMEMBERED = 50  # looks that a layer is compared with


class Look(NamedTuple):
    """One layer's gradient at one step."""

    norm: float
    size: int  # entries
    zeros: float  # share of entries
    non_finite: float  # share of entries


class Trouble(NamedTuple):
    """What is wrong with a layer."""

    kind: str  # "" where nothing is
    text: str


WELL = Trouble("", "")


class GradientMonitor(pl.Callback):
    """Looks at the gradients every ``every_n_steps`` optimizer steps, before they are clipped.

    Logs ``gradients/<part>`` (norm, of each part of the model), ``gradients_zero/<part>`` and
    ``gradients_non_finite/<part>`` (shares of entries), ``gradients_by_layer/<layer>``, and
    ``update_ratio/<layer>``, how far a step moves a layer's weights as a share of their norm. A layer is
    a module ``depth`` names below the model (``encoder.blocks.0``). ``histograms``: of every
    layer's entries too. Warns, once each time it begins, of a layer

    - whose gradient holds what is not a number;
    - that had no gradient for ``patience`` looks in a row;
    - that explodes: its norm is ``factor`` times its own median so far;
    - that vanishes: it is that much below, or a ``factor`` squared below the other layers', per
      entry;
    - whose weights move by more than ``largest`` of their norm in a step.
    """

    def __init__(
        self,
        every_n_steps: int = 100,
        depth: int = 3,
        histograms: bool = False,
        factor: float = 100.0,
        largest: float = 0.1,
        patience: int = 3,
        warmup_steps: int = 100,
    ) -> None:
        if every_n_steps < 1 or depth < 1:
            raise UserError(
                f"callbacks.gradients: every_n_steps={every_n_steps} and depth={depth} must be "
                "above 0"
            )
        self.every_n_steps, self.depth, self.histograms = every_n_steps, depth, histograms
        self.factor, self.largest, self.patience = factor, largest, patience
        self.warmup_steps = warmup_steps
        self._history: dict[str, deque[float]] = {}
        self._silent: dict[str, int] = {}  # looks in a row without a gradient
        self._ill: dict[str, str] = {}  # what was said last of a layer
        self._before: dict[str, Tensor] = {}

    def state_dict(self) -> dict[str, Any]:
        return {
            "history": {name: list(values) for name, values in self._history.items()},
            "silent": self._silent, "ill": self._ill,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        history = state_dict["history"]
        self._history = {name: deque(values, REMEMBERED) for name, values in history.items()}
        self._silent, self._ill = dict(state_dict["silent"]), dict(state_dict["ill"])

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        if trainer.global_step % self.every_n_steps:
            return
        stepping = {id(p) for group in optimizer.param_groups for p in group["params"]}
        named = [
            (name.removeprefix("model."), p)
            for name, p in pl_module.named_parameters()
            if p.requires_grad and (id(p) in stepping or is_deepspeed_parameter(p))
        ]
        looks = look_at(named, self.depth)
        self._log(trainer, looks, dict(named))
        if trainer.global_step >= self.warmup_steps:
            for name, trouble in self._troubles(looks).items():
                self._tell(trainer, name, trouble)
        for name, look in looks.items():
            if math.isfinite(look.norm) and look.norm > 0:
                self._history.setdefault(name, deque(maxlen=REMEMBERED)).append(look.norm)
        self._before |= {name: gather_full(p).detach().clone() for name, p in named}

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if not self._before:
            return
        step = trainer.global_step
        moved: dict[str, list[Tensor]] = {}
        for name, p in pl_module.named_parameters():
            name = name.removeprefix("model.")
            if (old := self._before.get(name)) is not None:
                new = gather_full(p).detach()
                pair = torch.stack([(new - old).float().norm(), old.float().norm()])
                moved.setdefault(layer_of(name, self.depth), []).append(pair)
        self._before = {}
        for layer, pairs in moved.items():
            far, size = torch.stack(pairs).square().sum(0).sqrt().tolist()
            ratio = far / max(size, 1e-12)
            for board in tensorboard_writers(trainer):
                board.add_scalar(f"update_ratio/{layer}", ratio, step)
            text = (
                f"{layer} moves by {100 * ratio:.0f} % of its weights in a step: the learning rate "
                "is too high for it"
            )
            large = step > self.warmup_steps and ratio > self.largest
            self._tell(trainer, f"{layer}, update", Trouble("moves", text) if large else WELL)

    def _log(
        self, trainer: pl.Trainer, looks: Mapping[str, Look], named: Mapping[str, nn.Parameter]
    ) -> None:
        step = trainer.global_step
        if self.histograms:
            for name, p in named.items():
                grad = gather_full_gradient(p)
                for board in tensorboard_writers(trainer):
                    if grad is not None and torch.isfinite(grad).all():
                        board.add_histogram(f"gradients/{name}", grad.float(), step)
        for board in tensorboard_writers(trainer):
            for layer, look in looks.items():
                board.add_scalar(f"gradients_by_layer/{layer}", look.norm, step)
            for part, members in _parts(looks).items():
                size = sum(look.size for look in members)
                norm = math.sqrt(sum(look.norm**2 for look in members))
                board.add_scalar(f"gradients/{part}", norm, step)
                for tag, key in (("zero", "zeros"), ("non_finite", "non_finite")):
                    share = sum(getattr(look, key) * look.size for look in members) / size
                    board.add_scalar(f"gradients_{tag}/{part}", share, step)

    def _troubles(self, looks: Mapping[str, Look]) -> dict[str, Trouble]:
        usual = [rms(look) for look in looks.values() if look.norm > 0 and math.isfinite(look.norm)]
        middle = float(np.median(usual)) if usual else 0.0
        return {name: self._trouble(name, look, middle) for name, look in looks.items()}

    def _trouble(self, name: str, look: Look, middle: float) -> Trouble:
        if look.non_finite > 0 or not math.isfinite(look.norm):
            share = 100 * look.non_finite
            return Trouble("bad", f"{name}: {share:.3g} % of its gradient is not a number")
        self._silent[name] = self._silent.get(name, 0) + 1 if look.norm == 0 else 0
        if self._silent[name] >= self.patience:
            text = f"{name} gets no gradient: it is cut off, multiplied by 0, or not used"
            return Trouble("silent", text)
        history = self._history.get(name, ())
        if look.norm == 0 or len(history) < self.patience:
            return WELL
        own = float(np.median(history))
        said = f"the norm of its gradient is {look.norm:.3g}"
        if look.norm > self.factor * own:
            text = f"{name} explodes: {said}, {look.norm / own:.0f} times its median"
            return Trouble("explodes", text)
        if look.norm < own / self.factor:
            text = f"{name} vanishes: {said}, {own / look.norm:.0f} times below its median"
            return Trouble("vanishes", text)
        if rms(look) < middle / self.factor**2:
            times = middle / rms(look)
            text = f"{name} vanishes: {said}, per entry {times:.0f} times below the middle layer's"
            return Trouble("small", text)
        return WELL

    def _tell(self, trainer: pl.Trainer, name: str, trouble: Trouble) -> None:
        """In the log and in TensorBoard, when it begins."""
        known = self._ill.get(name, "")
        self._ill[name] = trouble.kind
        if not trouble.kind or trouble.kind == known or not trainer.is_global_zero:
            return
        text = f"step {trainer.global_step}: {trouble.text}"
        log.warning(text)
        for board in tensorboard_writers(trainer):
            board.add_text("gradients", text, trainer.global_step)


def look_at(named: Iterable[tuple[str, nn.Parameter]], depth: int) -> dict[str, Look]:
    """Every layer's gradient; one transfer from the device for all of them."""
    layers: dict[str, list[nn.Parameter]] = {}
    for name, p in named:
        layers.setdefault(layer_of(name, depth), []).append(p)
    rows, sizes = [], []
    for members in layers.values():
        found = [(p, gather_full_gradient(p)) for p in members]
        grads = [torch.zeros_like(gather_full(p)) if grad is None else grad for p, grad in found]
        sizes.append(sum(grad.numel() for grad in grads))
        rows.append(
            torch.stack(
                [
                    torch.stack([g.float().square().sum() for g in grads]).sum().sqrt(),
                    torch.stack([(g == 0).sum() for g in grads]).sum().float(),
                    torch.stack([(~torch.isfinite(g)).sum() for g in grads]).sum().float(),
                ]
            )
        )
    looks = {}
    for name, size, row in zip(layers, sizes, torch.stack(rows).tolist(), strict=True):
        norm, zeros, bad = row
        looks[name] = Look(norm, size, zeros / size, bad / size)
    return looks


def layer_of(name: str, depth: int) -> str:
    """``encoder.blocks.0.mixer.layer.weight`` -> ``encoder.blocks.0`` at a depth of 3."""
    return ".".join(name.split(".")[:-1][:depth]) or name


def rms(look: Look) -> float:
    return look.norm / math.sqrt(look.size)


def _parts(looks: Mapping[str, Look]) -> dict[str, list[Look]]:
    parts: dict[str, list[Look]] = {}
    for layer, look in looks.items():
        parts.setdefault(layer.split(".")[0], []).append(look)
    return parts

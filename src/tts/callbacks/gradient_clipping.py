"""GradientMonitor held within bounds, whichever way the bound is found."""

import copy
import math
from collections import deque
from collections.abc import Iterable
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn

from tts.callbacks.support.optimizers import index_of
from tts.callbacks.support.priority import CLIP
from tts.errors import UserError
from tts.strategies.sharding import gather_full, local, of_deepspeed


class ClippingMethod:
    """Called with the parameters of one optimizer, whose gradients it scales in place.

    The norm of all of them, before; the same parameters come at every call.
    """

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing is remembered."""


class GlobalNormClipping(ClippingMethod):
    """All gradients scaled by one number, so that their norm is at most ``limit``.

    Pascanu et al. 2013, section 3.2; the same as ``trainer.gradient_clip_val``.
    """

    def __init__(self, limit: float = 1.0) -> None:
        self.limit = _positive("limit", limit)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        return gather_full(nn.utils.clip_grad_norm_(parameters, self.limit))


class PerParameterClipping(ClippingMethod):
    """Each parameter's own norm at most ``limit``: one layer's outbreak costs no other its step."""

    def __init__(self, limit: float = 0.5) -> None:
        self.limit = _positive("limit", limit)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        grads = _grads(parameters)
        norms = torch.stack([gather_full(norm) for norm in torch._foreach_norm(grads)])
        scales = (self.limit / (norms + 1e-6)).clamp(max=1.0)
        torch._foreach_mul_([local(grad) for grad in grads], list(scales.unbind()))
        return norms.norm()


class PercentileClipping(ClippingMethod):
    """The norm at most the ``percentile`` of those of the last ``window`` steps.

    AutoClip (Seetharaman et al. 2020, section 3). Until ``first`` steps are known, and ever, it is
    at most ``limit``. A norm that is no number is not remembered.
    """

    def __init__(
        self,
        percentile: float = 50.0,
        window: int = 1000,
        first: int = 100,
        limit: float = 10.0,
    ) -> None:
        if not 0 < percentile <= 100 or not 0 < first <= window:
            raise UserError(
                f"percentile={percentile} must lie in 0..100, first={first} in 1..window={window}"
            )
        self.percentile, self.first, self.limit = percentile, first, _positive("limit", limit)
        self.norms: deque[float] = deque(maxlen=window)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        limit = self.limit
        if len(self.norms) >= self.first:
            limit = min(limit, float(np.percentile(np.asarray(self.norms), self.percentile)))
        norm = gather_full(nn.utils.clip_grad_norm_(parameters, limit))
        if math.isfinite(value := float(norm)):
            self.norms.append(value)
        return norm

    def state_dict(self) -> dict[str, Any]:
        return {"norms": list(self.norms)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.norms.extend(state["norms"])


class AdaptiveClipping(ClippingMethod):
    """Each unit's gradient at most ``ratio`` of its weights' norm (AGC, Brock et al. 2021).

    A unit is a row of a matrix or a filter of a convolution (section 4.1, equation 3); vectors are
    taken whole. Weights count as no smaller than ``least``, so that what begins at zero can begin.
    """

    def __init__(self, ratio: float = 0.01, least: float = 1e-3) -> None:
        self.ratio, self.least = _positive("ratio", ratio), _positive("least", least)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        with torch.no_grad():
            norm = gather_full(nn.utils.get_total_norm(_grads(parameters)))
            for parameter in parameters:
                if parameter.grad is None:
                    continue
                # a process holds whole rows, or a part of a vector
                there = gather_full if parameter.ndim < 2 else local
                weight, grad = unit_norms(there(parameter)), unit_norms(there(parameter.grad))
                largest = self.ratio * weight.clamp(min=self.least)
                local(parameter.grad).mul_((largest / (grad + 1e-6)).clamp(max=1.0))
        return norm


class GradientClipping(pl.Callback):
    """Clips before every optimizer step: unscaled gradients, whatever the precision, and each
    optimizer's apart where there are several. ``clip``: see above. In place of
    ``trainer.gradient_clip_val``, which is set to null. Logs ``train/gradient_norm_unclipped``.
    """

    priority = CLIP

    def __init__(self, clip: ClippingMethod) -> None:
        self.clip = clip
        self._clips: list[ClippingMethod] = []
        self._state: list[dict[str, Any]] = []

    def state_dict(self) -> dict[str, Any]:
        return {"clips": [clip.state_dict() for clip in self._clips]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._state = state_dict["clips"]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        limit = trainer.gradient_clip_val or getattr(pl_module, "clip", None)
        if limit:
            raise UserError(
                f"callbacks.clipping and trainer.gradient_clip_val={limit} would clip twice: set "
                "trainer.gradient_clip_val=null"
            )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if any(of_deepspeed(p) for p in pl_module.parameters()):
            raise UserError(
                "callbacks.clipping: DeepSpeed clips gradients itself, all of them by one norm; "
                "callbacks.clipping=null trainer.gradient_clip_val=1.0, or trainer=fsdp"
            )
        self._clips = [copy.deepcopy(self.clip) for _ in trainer.optimizers]
        for clip, state in zip(self._clips, self._state, strict=False):
            clip.load_state_dict(state)
        self._state = []

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        index = index_of(trainer, optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        moving = [p for p in parameters if p.grad is not None]
        if not moving:  # a step that is skipped
            return
        norm = self._clips[index](moving)
        name = "gradient_norm_unclipped" if index == 0 else f"gradient_norm_unclipped_{index}"
        pl_module.log(f"train/{name}", norm)


def unit_norms(x: Tensor) -> Tensor:
    """Of a matrix's rows or a convolution's filters, of a vector as a whole; broadcasts with x."""
    if x.ndim < 2:
        return x.norm()
    return x.flatten(1).norm(dim=1).reshape(-1, *[1] * (x.ndim - 1))


def _grads(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise UserError(f"callbacks.clipping.clip.{name}={value} must be above 0")
    return value

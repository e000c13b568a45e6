"""Gradient clipping methods: global norm, per parameter, percentile (AutoClip), adaptive (AGC)."""

import math
from collections import deque
from collections.abc import Iterable
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from tts.bounds import Bound, Count, Positive, Steps
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.strategies.sharding import gather_full, local_shard


class ClippingMethod:
    """Scales gradients in place. One instance serves one optimizer."""

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        """Clip the gradients of ``parameters``, the same at every call, and return the norm of all
        of them before clipping.
        """
        raise NotImplementedError

    def state_dict(self) -> PlainData:
        return {}

    def load_state_dict(self, state: PlainData) -> None:
        """Restore the state; most methods have none."""


class GlobalNormClipping(ClippingMethod):
    """Scales all gradients by one factor such that their total norm is at most ``max_norm``.

    Pascanu et al. 2013, section 3.2; the same as ``trainer.gradient_clip_val``.
    """

    def __init__(self, max_norm: Positive = 1.0) -> None:
        self.max_norm = _positive(self, "max_norm", max_norm)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        return gather_full(nn.utils.clip_grad_norm_(parameters, self.max_norm))


class PerParameterClipping(ClippingMethod):
    """Scales each parameter's gradient to a norm of at most ``max_norm``, independent of others."""

    def __init__(self, max_norm: Positive = 0.5) -> None:
        self.max_norm = _positive(self, "max_norm", max_norm)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        grads = _grads(parameters)
        norms = torch.stack([gather_full(norm) for norm in torch._foreach_norm(grads)])
        scales = (self.max_norm / (norms + 1e-6)).clamp(max=1.0)
        torch._foreach_mul_([local_shard(grad) for grad in grads], list(scales.unbind()))
        return norms.norm()


class PercentileClipping(ClippingMethod):
    """Limits the total norm to the ``percentile`` of those of the last ``window`` steps.

    AutoClip (Seetharaman et al. 2020, section 3). The limit never exceeds ``max_norm``, which alone
    counts until ``min_steps`` norms are known. A norm that is NaN or infinite is not remembered.
    """

    def __init__(
        self,
        percentile: Annotated[float, Bound(above=0, most=100)] = 50.0,
        window: Count = 1000,
        min_steps: Steps = 100,
        max_norm: Positive = 10.0,
    ) -> None:
        if not 0 < percentile <= 100 or not 0 < min_steps <= window:
            raise UserError(
                f"{type(self).__name__}: percentile={percentile} must be in (0, 100] and "
                f"min_steps={min_steps} from 1 to window={window}"
            )
        self.percentile, self.min_steps = percentile, min_steps
        self.max_norm = _positive(self, "max_norm", max_norm)
        self.norms: deque[float] = deque(maxlen=window)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        limit = self.max_norm
        if len(self.norms) >= self.min_steps:
            limit = min(limit, float(np.percentile(np.asarray(self.norms), self.percentile)))
        norm = gather_full(nn.utils.clip_grad_norm_(parameters, limit))
        if math.isfinite(value := float(norm)):
            self.norms.append(value)
        return norm

    def state_dict(self) -> PlainData:
        return {"norms": list(self.norms)}

    def load_state_dict(self, state: PlainData) -> None:
        self.norms.extend(state["norms"])


class AdaptiveClipping(ClippingMethod):
    """Limits each unit's gradient norm to ``max_ratio`` of its weight norm.

    AGC (Brock et al. 2021, section 4.1, equation 3). A unit is a row of a matrix, a filter of a
    convolution, or a vector. ``min_weight_norm`` is the smallest weight norm to count with, such
    that weights that begin at zero can grow.
    """

    def __init__(self, max_ratio: Positive = 0.01, min_weight_norm: Positive = 1e-3) -> None:
        self.max_ratio = _positive(self, "max_ratio", max_ratio)
        self.min_weight_norm = _positive(self, "min_weight_norm", min_weight_norm)

    def __call__(self, parameters: list[nn.Parameter]) -> Tensor:
        with torch.no_grad():
            norm = gather_full(nn.utils.get_total_norm(_grads(parameters)))
            for parameter in parameters:
                if parameter.grad is None:
                    continue
                # a process holds full rows of a matrix, but only a part of a vector
                read = gather_full if parameter.ndim < 2 else local_shard
                weight, grad = unit_norms(read(parameter)), unit_norms(read(parameter.grad))
                largest = self.max_ratio * weight.clamp(min=self.min_weight_norm)
                local_shard(parameter.grad).mul_((largest / (grad + 1e-6)).clamp(max=1.0))
        return norm


def unit_norms(x: Tensor) -> Tensor:
    """Return the norm of each row, filter or vector of ``x``; it broadcasts with ``x``."""
    if x.ndim < 2:
        return x.norm()
    return x.flatten(1).norm(dim=1).reshape(-1, *[1] * (x.ndim - 1))


def _grads(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def _positive(method: ClippingMethod, name: str, value: float) -> float:
    if not value > 0:
        raise UserError(f"{type(method).__name__}: {name}={value} must be above 0")
    return value

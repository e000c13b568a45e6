"""Clamp that a value can return from: its gradient is zero only where it would lead further out."""

from typing import Any

import torch
from torch import Tensor

from tts.modules.exporting import is_exporting


class _ReturningClamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.limits = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        low, high = ctx.limits
        # a descent step moves x against its gradient
        outwards = ((x < low) & (gradient > 0)) | ((x > high) & (gradient < 0))
        return gradient.masked_fill(outwards, 0.0), None, None


def returning_clamp(x: Tensor, low: float, high: float) -> Tensor:
    """Return ``x.clamp(low, high)``, with a gradient outside the limits too, where it leads back.

    With torch's clamp a prediction that has once left the limits gets no gradient again.
    """
    if is_exporting() or not torch.is_grad_enabled():
        return x.clamp(low, high)
    return _ReturningClamp.apply(x, low, high)

"""Padding masks and lengths. True marks real positions."""

import torch
from torch import Tensor


def mask_from_lengths(lengths: Tensor, size: int | None = None) -> Tensor:
    """Return a mask ``(B, size)`` bool from lengths ``(B,)``; ``size`` defaults to the longest."""
    size = int(lengths.max()) if size is None else size
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over real positions of ``values (B, T)`` or ``(B, T, C)``, a scalar.

    Every position weighs the same, so long utterances count for more. In fp32: bf16 counts to 256.
    """
    if values.ndim == mask.ndim + 1:
        mask = mask[..., None].expand_as(values)
    values = values.to(torch.promote_types(values.dtype, torch.float32))
    weight = mask.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1)

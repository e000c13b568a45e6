"""Lengths to masks and back. True marks what is real."""

import torch
from torch import Tensor


def mask_from_lengths(lengths: Tensor, size: int | None = None) -> Tensor:
    """``(B,)`` lengths -> ``(B, size)`` bool; ``size`` defaults to the longest."""
    size = int(lengths.max()) if size is None else size
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def lengths_from_mask(mask: Tensor) -> Tensor:
    """``(B, T)`` bool, True = real and real first -> ``(B,)`` int64."""
    return mask.sum(-1)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real positions of ``values (B, T)`` or ``(B, T, C)``; a scalar.

    Every real number weighs the same, so long utterances count for more, as they do in the data.
    """
    if values.ndim == mask.ndim + 1:
        mask = mask[..., None].expand_as(values)
    weight = mask.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1)

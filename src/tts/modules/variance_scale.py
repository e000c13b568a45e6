"""Clearer mels: peaks and valleys further apart."""

import torch
from torch import Tensor

from tts.errors import UserError


def scale_variance(mel: Tensor, mask: Tensor, variance_scale: float) -> Tensor:
    """``(B, T, M)`` with each band ``variance_scale`` times as far from its mean over the utterance.

    A regressed mel lies too near it, and louder peaks over quieter valleys are clearer: the
    variance scaling of Silén et al. 2012 (Ways to implement global variance), of the mel.
    ``mask`` ``(B, T)`` tells frames from padding.
    """
    if variance_scale == 1:
        return mel
    weight = mask[..., None].to(mel)
    mean = (mel * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1)
    return torch.lerp(mean, mel, variance_scale)


def check_variance_scale(variance_scale: float, name: str) -> float:
    """The same, or UserError naming it."""
    if not 0 < variance_scale <= 2:
        raise UserError(f"{name}={variance_scale} lies outside 0 to 2")
    return variance_scale

"""Variance scaling of mels: spectral peaks and valleys further apart."""

import torch
from torch import Tensor


def scale_variance(mel: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Return ``mel (B, T, M)`` with each band ``scale`` times as far from its utterance mean.

    A deterministic decoder's mel lies too close to that mean; see the variance scaling of Silén
    et al. 2012, "Ways to implement global variance". ``mask (B, T)`` marks the real frames.
    """
    if scale == 1:
        return mel
    weight = mask[..., None].to(mel)
    mean = (mel * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1)
    return torch.lerp(mean, mel, scale)

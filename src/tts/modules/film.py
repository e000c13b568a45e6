"""FiLM, feature-wise linear modulation by a style (Perez et al. 2018)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Modulation(NamedTuple):
    """Change of every channel by a style: ``x * (1 + scale) + shift``."""

    scale: Tensor  # (B, dim)
    shift: Tensor  # (B, dim)


class FiLM(nn.Module):
    """Scale and shift every channel by a style. ``(B, T, dim), (B, style_dim) -> (B, T, dim)``.

    The identity at the start of training. Layers that run frame by frame compute the
    :meth:`modulation` once and :func:`modulate` each frame.
    """

    def __init__(self, style_dim: int, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(style_dim, 2 * dim)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return modulate(x, self.modulation(style))

    def modulation(self, style: Tensor) -> Modulation:
        """Return scale and shift of a style ``(B, style_dim)``."""
        return Modulation(*self.project(style).chunk(2, -1))


def modulate(x: Tensor, modulation: Modulation) -> Tensor:
    """Scale and shift ``x (B, T, dim)``, or one frame ``(B, dim)``."""
    scale, shift = modulation.scale.to(x.dtype), modulation.shift.to(x.dtype)
    if x.ndim == 3:
        scale, shift = scale[:, None], shift[:, None]
    return torch.addcmul(shift, x, 1 + scale)

"""Feature-wise linear modulation (Perez et al. 2018): a style scales and shifts each channel."""

import torch
from torch import Tensor, nn


class FiLM(nn.Module):
    """``x (B, T, dim), style (B, style_dim) -> (B, T, dim)``; the identity at the start.

    The last axis of ``x`` is channels; a ``(B, dim)`` input, one frame, works alike.
    """

    def __init__(self, style_dim: int, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(style_dim, 2 * dim)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.project(style).to(x.dtype).chunk(2, -1)  # (B, dim)
        if x.ndim == 3:
            scale, shift = scale[:, None], shift[:, None]
        return torch.addcmul(shift, x, 1 + scale)

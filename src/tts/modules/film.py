"""FiLM, feature-wise linear modulation by a style (Perez et al. 2018)."""

import torch
from torch import Tensor, nn


class FiLM(nn.Module):
    """Scale and shift every channel by a style. ``(B, T, dim), (B, style_dim) -> (B, T, dim)``.

    The identity at the start of training. ``x`` can also be one frame, ``(B, dim)``.
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

"""Activations of the feed-forward, made as ``activation(dim=channels_out)``.

``width`` says how many input channels each output channel takes: 1 for elementwise ones, 2 for the
gated linear units (Shazeer 2020), of which one half gates the other.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GELU(nn.Module):
    """Gaussian error linear unit (Hendrycks & Gimpel 2016), exact. ``(..., dim)``.

    On a CPU the tanh form, forward and backward, takes more than twice as long.
    """

    width = 1

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x)


class ReLU(nn.Module):
    """Rectified linear unit. ``(..., dim)``."""

    width = 1

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x)


class Snake(nn.Module):
    """``x + sin^2(alpha x) / alpha``, alpha learned per channel (Ziyin et al. 2020, equation 3).

    ``(..., dim)``; ``alpha`` is kept as its logarithm, so that it stays positive.
    """

    width = 1

    def __init__(self, dim: int, alpha: float = 1.0) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.full((dim,), alpha).log())

    def forward(self, x: Tensor) -> Tensor:
        alpha = self.log_alpha.exp()
        return x + torch.sin(x * alpha).square() / alpha


class SwiGLU(nn.Module):
    """``silu(gate) * value``, ``(..., 2 dim) -> (..., dim)`` (Shazeer 2020, equation 6)."""

    width = 2

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        gate, value = x.chunk(2, -1)
        return F.silu(gate) * value


class GEGLU(nn.Module):
    """``gelu(gate) * value``, ``(..., 2 dim) -> (..., dim)`` (Shazeer 2020, equation 6)."""

    width = 2

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        gate, value = x.chunk(2, -1)
        return F.gelu(gate) * value

"""Activations of the feed-forward: GELU, ReLU, Snake, SwiGLU, GEGLU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Positive


class Activation(nn.Module):
    """Base class, made as ``activation(dim=output channels)``; ``(..., width dim) -> (..., dim)``.

    ``width``: input channels per output channel, 1 for elementwise activations and 2 for gated
    linear units (Shazeer 2020), of which one half gates the other.
    """

    width = 1

    def __init__(self, dim: int) -> None:
        super().__init__()


class GELU(Activation):
    """Gaussian error linear unit (Hendrycks & Gimpel 2016), exact: faster than tanh on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x)


class ReLU(Activation):
    """Rectified linear unit."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x)


class Snake(Activation):
    """``x + sin^2(alpha x) / alpha``, alpha learned per channel (Ziyin et al. 2020, equation 3).

    ``alpha``: initial value. Its logarithm is the parameter, so it stays positive.
    """

    def __init__(self, dim: int, alpha: Positive = 1.0) -> None:
        super().__init__(dim)
        self.log_alpha = nn.Parameter(torch.full((dim,), alpha).log())

    def forward(self, x: Tensor) -> Tensor:
        alpha = self.log_alpha.exp()
        return x + torch.sin(x * alpha).square() / alpha


class SwiGLU(Activation):
    """``silu(gate) * value`` (Shazeer 2020, equation 6)."""

    width = 2

    def forward(self, x: Tensor) -> Tensor:
        gate, value = x.chunk(2, -1)
        return F.silu(gate) * value


class GEGLU(Activation):
    """``gelu(gate) * value`` (Shazeer 2020, equation 6)."""

    width = 2

    def forward(self, x: Tensor) -> Tensor:
        gate, value = x.chunk(2, -1)
        return F.gelu(gate) * value

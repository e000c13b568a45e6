"""Feed-forward network: the position-wise part of a block."""

from collections.abc import Callable

from torch import Tensor, nn

from tts.bounds import Expansion
from tts.modules.activation import GELU, Activation


class FeedForward(nn.Module):
    """Linear, activation, linear (Vaswani et al. 2017, section 3.3). ``(B, T, dim)`` kept.

    ``multiple``: hidden channels per input channel. ``activation(dim=hidden)``: of a gated
    activation, which takes twice its channels, ``hidden`` is scaled by 2/3, so that the parameter
    count stays (Shazeer 2020, section 2). ``hidden`` is rounded to a multiple of 8.
    """

    def __init__(
        self, dim: int, multiple: Expansion, activation: Callable[..., nn.Module] = GELU
    ) -> None:
        super().__init__()
        probe = activation(dim=dim)
        width = probe.width if isinstance(probe, Activation) else 1
        hidden = dim * multiple * (2 / 3 if width == 2 else 1)
        hidden = max(8, round(hidden / 8) * 8)
        self.widen = nn.Linear(dim, hidden * width)
        self.activation = activation(dim=hidden)
        self.narrow = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.activation(self.widen(x)))

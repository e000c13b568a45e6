"""The position-wise half of a block."""

from collections.abc import Callable

from torch import Tensor, nn

from tts.modules.activation import GELU


class FeedForward(nn.Module):
    """Widen, activate, narrow. ``(B, T, dim) -> (B, T, dim)``.

    ``multiple``: hidden channels per input channel. ``activation(dim=hidden)``; a gated one makes
    two hidden channels out of which one comes, so its hidden size is scaled by 2/3 and the
    parameter count stays (Shazeer 2020, section 3.1), rounded to a multiple of 8 for the hardware.
    """

    def __init__(
        self, dim: int, multiple: float = 4.0, activation: Callable[..., nn.Module] = GELU
    ) -> None:
        super().__init__()
        width = int(getattr(activation(dim=dim), "width", 1))
        hidden = dim * multiple * (2 / 3 if width == 2 else 1)
        hidden = max(8, round(hidden / 8) * 8)
        self.widen = nn.Linear(dim, hidden * width)
        self.activation = activation(dim=hidden)
        self.narrow = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.activation(self.widen(x)))

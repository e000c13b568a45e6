"""Activations without aliases: the nonlinearity runs at twice the rate, between two low-passes.

Lee et al. 2023 (BigVGAN), section 3.2, after Karras et al. 2021 (StyleGAN3).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.low_pass import low_pass

RATE = 2
TAPS = 12  # of either filter


class SnakeBeta(nn.Module):
    """``x + sin^2(alpha x) / beta``, per channel, both learned as logarithms. ``(B, C, S)``.

    With ``tied`` beta is alpha: Snake itself (Ziyin et al. 2020, equation 3). ``logarithmic``: the
    parameters are logarithms, as BigVGAN trains them; else the values themselves.
    """

    def __init__(self, channels: int, tied: bool = False, logarithmic: bool = True) -> None:
        super().__init__()
        start = torch.zeros if logarithmic else torch.ones
        self.logarithmic = logarithmic
        self.alpha = nn.Parameter(start(channels))
        self.beta = None if tied else nn.Parameter(start(channels))

    def forward(self, x: Tensor) -> Tensor:
        alpha: Tensor = self.alpha.exp() if self.logarithmic else self.alpha
        beta: Tensor = alpha
        if self.beta is not None:
            beta = self.beta.exp() if self.logarithmic else self.beta
        wave = torch.sin(x * alpha[:, None]).square()
        return x + wave / (beta[:, None] + 1e-9)


class Antialiased(nn.Module):
    """``activation`` between up- and down-sampling by 2. ``(B, C, S) -> (B, C, S)``."""

    reach = TAPS  # samples on either side that an output sees, at most

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.activation = activation
        taps = low_pass(0.5 / RATE, 0.6 / RATE, TAPS)
        self.register_buffer("taps", taps, persistent=False)
        self.taps: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return self._down(self.activation(self._up(x)))

    def _up(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        side = TAPS // RATE - 1
        x = F.pad(x, (side, side), mode="replicate")
        taps = self.taps.to(x.dtype).expand(channels, 1, -1)
        y = RATE * F.conv_transpose1d(x, taps, stride=RATE, groups=channels)
        cut = side * RATE + (TAPS - RATE) // 2
        return y[..., cut:-cut]

    def _down(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        x = F.pad(x, (TAPS // 2 - 1, TAPS // 2), mode="replicate")
        taps = self.taps.to(x.dtype).expand(channels, 1, -1)
        return F.conv1d(x, taps, stride=RATE, groups=channels)

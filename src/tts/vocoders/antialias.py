"""Anti-aliased activation: Snake at twice the sample rate between two low-pass filters.

Lee et al. 2023 (BigVGAN), section 3.2, after Karras et al. 2021 (StyleGAN3).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.low_pass import low_pass_filter

RATE = 2
TAPS = 12  # of the upsampling and of the downsampling filter


class SnakeBeta(nn.Module):
    """``x + sin^2(alpha x) / beta`` with learned parameters per channel. ``(B, C, S)``.

    ``tied``: beta = alpha, which is Snake (Ziyin et al. 2020, equation 3). ``logarithmic``: the
    parameters are log alpha and log beta.
    """

    def __init__(self, channels: int, tied: bool = False, logarithmic: bool = True) -> None:
        super().__init__()
        initial = torch.zeros if logarithmic else torch.ones
        self.logarithmic = logarithmic
        self.alpha = nn.Parameter(initial(channels))
        self.beta = None if tied else nn.Parameter(initial(channels))

    def forward(self, x: Tensor) -> Tensor:
        alpha: Tensor = self.alpha.exp() if self.logarithmic else self.alpha
        beta: Tensor = alpha
        if self.beta is not None:
            beta = self.beta.exp() if self.logarithmic else self.beta
        wave = torch.sin(x * alpha[:, None]).square()
        return x + wave / (beta[:, None] + 1e-9)


class Antialiased(nn.Module):
    """``activation`` between upsampling and downsampling by 2. ``(B, C, S) -> (B, C, S)``."""

    context = TAPS  # samples on either side that an output depends on, at most

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.activation = activation
        taps = low_pass_filter(0.5 / RATE, 0.6 / RATE, TAPS)
        self.register_buffer("taps", taps, persistent=False)
        self.taps: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return self._downsample(self.activation(self._upsample(x)))

    def _upsample(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        padding = TAPS // RATE - 1
        x = F.pad(x, (padding, padding), mode="replicate")
        taps = self.taps.to(x.dtype).expand(channels, 1, -1)
        y = RATE * F.conv_transpose1d(x, taps, stride=RATE, groups=channels)
        crop = padding * RATE + (TAPS - RATE) // 2
        return y[..., crop:-crop]

    def _downsample(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        x = F.pad(x, (TAPS // 2 - 1, TAPS // 2), mode="replicate")
        taps = self.taps.to(x.dtype).expand(channels, 1, -1)
        return F.conv1d(x, taps, stride=RATE, groups=channels)

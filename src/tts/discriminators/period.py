"""Multi-period discriminator of HiFi-GAN (Kong et al. 2020, section 2.3)."""

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.bounds import Counts, Width
from tts.discriminators.base import MultiDiscriminator, forward_with_features, scaled_channels

CHANNELS = (32, 128, 512, 1024, 1024)


class PeriodDiscriminator(nn.Module):
    """2-D convolutions over samples folded into rows of ``period``.

    A kernel sees every ``period``-th sample. ``(B, S)`` -> logits, feature maps.
    """

    def __init__(self, period: int, width: Width = 1.0) -> None:
        super().__init__()
        self.period = period
        channels = [1, *(scaled_channels(c, width) for c in CHANNELS)]
        self.layers = nn.ModuleList(
            weight_norm(
                nn.Conv2d(
                    channels[i],
                    channels[i + 1],
                    (5, 1),
                    (3 if i + 2 < len(channels) else 1, 1),
                    padding=(2, 0),
                )
            )
            for i in range(len(CHANNELS))
        )
        self.last = weight_norm(nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        wave = F.pad(wave[:, None], (0, -wave.shape[-1] % self.period), mode="reflect")
        rows = wave.unflatten(-1, (-1, self.period))  # (B, 1, S / period, period)
        return forward_with_features(self.layers, self.last, rows)


class MultiPeriodDiscriminator(MultiDiscriminator):
    """One :class:`PeriodDiscriminator` per period; ``width``: share of the paper's channels."""

    def __init__(self, width: Width = 1.0, periods: Counts = (2, 3, 5, 7, 11)) -> None:
        super().__init__(PeriodDiscriminator(period, width) for period in periods)

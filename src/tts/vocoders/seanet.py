"""SEANet encoder and decoder with LSTM, as EnCodec has them (Défossez et al. 2022, section 3.1).

A residual unit and a strided convolution for each rate, an LSTM with a skip connection where the
frames are longest. Tensors are ``(B, C, T)`` here.
"""

import math
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Counts, Depth

KERNEL, LAST_KERNEL, RESIDUAL_KERNEL = 7, 7, 3


class SEANet(NamedTuple):
    """Settings of encoder and decoder; the defaults are those of EnCodec at 24 kHz."""

    channels: Channels = 32  # at the sample rate; doubled by each rate
    dim: Channels = 128  # of a latent vector
    rates: Counts = (8, 5, 4, 2)  # from the frames to the samples; their product is the hop
    lstm: Depth = 2  # layers
    audio_channels: Channels = 1
    causal: bool = True  # frames do not depend on later ones
    group_norm: bool = False  # after each convolution, over all channels and the whole time
    shortcut: bool = True  # a convolution beside the residual units, else the identity

    @property
    def hop(self) -> int:
        return math.prod(self.rates)


class PaddedConv(nn.Module):
    """Convolution padded by reflection: ``T`` -> ``ceil(T / stride)`` frames."""

    def __init__(
        self, settings: SEANet, inputs: int, outputs: int, kernel: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.causal, self.stride, self.padding = settings.causal, stride, kernel - stride
        self.conv = nn.Conv1d(inputs, outputs, kernel, stride)
        self.norm = nn.GroupNorm(1, outputs) if settings.group_norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        right = 0 if self.causal else self.padding // 2
        missing = -x.shape[-1] % self.stride
        y: Tensor = self.norm(self.conv(_reflected(x, self.padding - right, right + missing)))
        return y


class Upsampling(nn.Module):
    """Transposed convolution without the samples beyond its input: ``T`` -> ``T * rate``."""

    def __init__(self, settings: SEANet, inputs: int, outputs: int, rate: int) -> None:
        super().__init__()
        self.left = 0 if settings.causal else rate - rate // 2
        self.rate = rate
        self.conv = nn.ConvTranspose1d(inputs, outputs, 2 * rate, rate)
        self.norm = nn.GroupNorm(1, outputs) if settings.group_norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y[..., self.left : self.left + x.shape[-1] * self.rate]


class ResidualUnit(nn.Module):
    """Two convolutions through half of the channels, beside a shortcut."""

    def __init__(self, settings: SEANet, channels: int) -> None:
        super().__init__()
        self.narrow = PaddedConv(settings, channels, channels // 2, RESIDUAL_KERNEL)
        self.wide = PaddedConv(settings, channels // 2, channels, 1)
        self.shortcut = (
            PaddedConv(settings, channels, channels, 1) if settings.shortcut else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.shortcut(x) + self.wide(F.elu(self.narrow(F.elu(x))))
        return y


class SkipLSTM(nn.Module):
    """LSTM whose output is added to its input."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, channels, layers)

    def forward(self, x: Tensor) -> Tensor:
        frames = x.permute(2, 0, 1)  # (T, B, C)
        y: Tensor = (self.lstm(frames)[0] + frames).permute(1, 2, 0)
        return y


class SEANetEncoder(nn.Module):
    """Samples ``(B, audio_channels, S)`` -> latent vectors ``(B, dim, ceil(S / hop))``."""

    def __init__(self, settings: SEANet) -> None:
        super().__init__()
        rates = settings.rates[::-1]
        sizes = [settings.channels * 2**level for level in range(len(rates) + 1)]
        self.input = PaddedConv(settings, settings.audio_channels, sizes[0], KERNEL)
        self.units = nn.ModuleList(ResidualUnit(settings, size) for size in sizes[:-1])
        self.strided = nn.ModuleList(
            PaddedConv(settings, size, 2 * size, 2 * rate, rate)
            for size, rate in zip(sizes[:-1], rates, strict=True)
        )
        self.lstm = SkipLSTM(sizes[-1], settings.lstm)
        self.output = PaddedConv(settings, sizes[-1], settings.dim, LAST_KERNEL)

    def forward(self, samples: Tensor) -> Tensor:
        x = self.input(samples)
        for unit, strided in zip(self.units, self.strided, strict=True):
            x = strided(F.elu(unit(x)))
        y: Tensor = self.output(F.elu(self.lstm(x)))
        return y


class SEANetDecoder(nn.Module):
    """Latent vectors ``(B, dim, T)`` -> samples ``(B, audio_channels, T * hop)``."""

    def __init__(self, settings: SEANet) -> None:
        super().__init__()
        sizes = [settings.channels * 2**level for level in range(len(settings.rates), -1, -1)]
        self.input = PaddedConv(settings, settings.dim, sizes[0], KERNEL)
        self.lstm = SkipLSTM(sizes[0], settings.lstm)
        self.ups = nn.ModuleList(
            Upsampling(settings, size, size // 2, rate)
            for size, rate in zip(sizes[:-1], settings.rates, strict=True)
        )
        self.units = nn.ModuleList(ResidualUnit(settings, size) for size in sizes[1:])
        self.output = PaddedConv(settings, sizes[-1], settings.audio_channels, LAST_KERNEL)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.lstm(self.input(latent))
        for up, unit in zip(self.ups, self.units, strict=True):
            x = unit(up(F.elu(x)))
        y: Tensor = self.output(F.elu(x))
        return y


def _reflected(x: Tensor, left: int, right: int) -> Tensor:
    """Pad by reflection; a signal that is too short for it has zeros behind its end."""
    missing = max(max(left, right) - x.shape[-1] + 1, 0)
    padded = F.pad(F.pad(x, (0, missing)), (left, right), "reflect")
    return padded[..., : padded.shape[-1] - missing]

"""Constant-Q spectra, octave by octave (Gu et al. 2024; BigVGAN-v2's judge).

A note and its octave look alike in a constant-Q spectrum, and low notes are resolved as finely as
high ones, which a Fourier spectrum cannot do.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.discriminators.base import MultiDiscriminator, forward_with_features, scaled_channels
from tts.vocoders.antialias import low_pass_filter

CHANNELS = 128
DILATIONS = (1, 2, 4)
TAPS = 64  # of the low-pass between two octaves


class ConstantQ(nn.Module):
    """``(B, S)`` -> one ``(B, 2, T, bins)`` per octave, real and imaginary, the highest first.

    The octave below is the same spectrum of the signal at half the rate (Brown 1991; Schörkhuber &
    Klapuri 2010), so one small bank of kernels serves them all. ``hop`` samples a frame, halved
    with every octave; ``bins`` an octave, whose windows last ``1 / (2 ** (1 / bins) - 1)`` periods.
    """

    def __init__(self, hop: int, octaves: int, bins: int) -> None:
        super().__init__()
        if hop % (1 << (octaves - 1)):
            raise ValueError(f"a hop of {hop} cannot be halved {octaves - 1} times")
        self.hop, self.octaves = hop, octaves
        quality = 1 / (2 ** (1 / bins) - 1)
        # the highest octave: a quarter to half of the sample rate
        pitches = 0.25 * 2 ** (torch.arange(bins, dtype=torch.float64) / bins)
        size = int(quality / 0.25) // 2 * 2 + 1
        time = torch.arange(size, dtype=torch.float64) - size // 2
        lengths = quality / pitches
        inside = (time[None] / lengths[:, None]).clamp(-0.5, 0.5)
        windows = torch.cos(torch.pi * inside).square() / lengths[:, None]
        phase = 2 * torch.pi * pitches[:, None] * time
        kernels = torch.stack([windows * phase.cos(), -windows * phase.sin()])  # (2, bins, size)
        self.register_buffer("kernels", kernels.flatten(0, 1)[:, None].float(), persistent=False)
        self.register_buffer("taps", low_pass_filter(0.24, 0.02, TAPS), persistent=False)
        self.kernels: Tensor
        self.taps: Tensor

    def forward(self, wave: Tensor) -> list[Tensor]:
        x = F.pad(wave[:, None].float(), (0, -wave.shape[-1] % self.hop))
        side = self.kernels.shape[-1] // 2
        found = []
        for octave in range(self.octaves):
            if octave:
                x = F.conv1d(F.pad(x, (TAPS // 2 - 1, TAPS // 2)), self.taps, stride=2)
            spectrum = F.conv1d(x, self.kernels, stride=self.hop >> octave, padding=side)
            frames = x.shape[-1] // (self.hop >> octave)
            found.append(spectrum[..., :frames].unflatten(1, (2, -1)).mT)
        return found


class ConstantQDiscriminator(nn.Module):
    """``(B, S) -> score, features``: a convolution per octave, then some over all of them."""

    def __init__(self, hop: int, octaves: int, bins: int, width: float = 1.0) -> None:
        super().__init__()
        self.transform = ConstantQ(hop, octaves, bins)
        self.octaves = nn.ModuleList(
            weight_norm(nn.Conv2d(2, 2, (3, 9), padding=(1, 4))) for _ in range(octaves)
        )
        channels = scaled_channels(CHANNELS, width)
        layers = [nn.Conv2d(2, channels, (3, 9), padding=(1, 4))]
        for dilation in DILATIONS:
            layers.append(
                nn.Conv2d(
                    channels, channels, (3, 9), (1, 2), padding=(dilation, 4),
                    dilation=(dilation, 1),
                )
            )  # fmt: skip
        layers.append(nn.Conv2d(channels, channels, 3, padding=1))
        self.layers = nn.ModuleList(weight_norm(layer) for layer in layers)
        self.last = weight_norm(nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        with torch.autocast(wave.device.type, enabled=False):
            spectra = self.transform(wave)
        convolved: Any = zip(self.octaves, spectra, strict=True)
        x = torch.cat([layer(spectrum) for layer, spectrum in convolved], -1)
        return forward_with_features(self.layers, self.last, x)


class MultiConstantQDiscriminator(MultiDiscriminator):
    """One per hop and number of bins; ``width``: share of the paper's channels."""

    def __init__(
        self,
        sample_rate: int,
        width: float = 1.0,
        hops: Sequence[int] = (512, 256, 256),
        bins: Sequence[int] = (24, 36, 48),
        octaves: int = 9,
    ) -> None:
        super().__init__(
            ConstantQDiscriminator(hop, octaves, count, width)
            for hop, count in zip(hops, bins, strict=True)
        )

"""Multi-resolution spectrogram discriminator.

Several window sizes as in UnivNet (Jang et al. 2021, section 2.2); complex spectra split into
bands, each with its own convolutions, as in DAC (Kumar et al. 2023, section 3.4) and Vocos.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.bounds import Share, Width, Windows
from tts.discriminators.base import SLOPE, MultiDiscriminator, scaled_channels
from tts.errors import UserError

CHANNELS = 32
BANDS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # band edges, as shares of the spectrum


class ResolutionDiscriminator(nn.Module):
    """2-D convolutions over the complex spectrum of one window size.

    ``window``: samples; the hop is a quarter of it. ``(B, S)`` -> logits, feature maps.
    """

    def __init__(self, window: int, width: Width = 1.0, bands: Sequence[float] = BANDS) -> None:
        super().__init__()
        self.size, self.least_samples = window, window // 2 + 1  # reflection pads by a half
        bins = window // 2 + 1
        self.edges = [(int(a * bins), int(b * bins)) for a, b in pairwise(bands)]
        if any(low == high for low, high in self.edges):
            raise UserError(f"windows: {window} is too short for {len(self.edges)} bands")
        channels = scaled_channels(CHANNELS, width)
        self.bands = nn.ModuleList(_band(channels) for _ in self.edges)
        self.last = weight_norm(nn.Conv2d(channels, 1, 3, padding=1))
        self.register_buffer("window", torch.hann_window(window), persistent=False)
        self.window: Tensor

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        feature_maps, ends = [], []
        spectrum = self._spectrum(wave)
        for (low, high), band in zip(self.edges, self.bands, strict=True):
            x = spectrum[..., low:high]
            for layer in band.children():
                x = nn.functional.leaky_relu(layer(x), SLOPE)
                feature_maps.append(x)
            ends.append(x)
        logits = self.last(torch.cat(ends, -1))
        return logits, [*feature_maps, logits]

    def _spectrum(self, wave: Tensor) -> Tensor:
        """Return real and imaginary part, ``(B, 2, T, F)``, of a peak-normalized wave."""
        with torch.autocast(wave.device.type, enabled=False):
            wave = wave.float() - wave.float().mean(-1, keepdim=True)
            wave = 0.8 * wave / (wave.abs().amax(-1, keepdim=True) + 1e-9)
            spectrum = torch.stft(
                wave, self.size, self.size // 4, window=self.window, return_complex=True
            )
            return torch.view_as_real(spectrum).permute(0, 3, 2, 1)


class MultiResolutionDiscriminator(MultiDiscriminator):
    """One :class:`ResolutionDiscriminator` per window size; ``width``: share of the channels.

    ``bands``: edges of the bands, as shares of the spectrum from 0 to 1. One band, ``(0, 1)``, has
    a fifth of the convolutions, which a GPU computes faster. Raises UserError for other edges.
    """

    def __init__(
        self,
        width: Width = 1.0,
        windows: Windows = (2048, 1024, 512),
        bands: Sequence[Share] = BANDS,
    ) -> None:
        if len(bands) < 2 or bands[0] != 0 or bands[-1] != 1 or list(bands) != sorted(set(bands)):
            raise UserError(
                f"discriminator.parts.resolution.bands={list(bands)} must rise from 0 to 1"
            )
        super().__init__(ResolutionDiscriminator(window, width, bands) for window in windows)


def _band(channels: int) -> nn.ModuleList:
    """Return one band's layers: the first widens, three halve the band, one more follows."""
    shapes = [(2, (3, 9), 1), *[(channels, (3, 9), 2)] * 3, (channels, (3, 3), 1)]
    return nn.ModuleList(
        weight_norm(
            nn.Conv2d(
                inputs, channels, kernel, (1, stride), padding=(kernel[0] // 2, kernel[1] // 2)
            )
        )
        for inputs, kernel, stride in shapes
    )

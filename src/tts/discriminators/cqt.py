"""Multi-scale sub-band constant-Q discriminator (Gu et al. 2024), as in BigVGAN-v2.

A constant-Q spectrum has the same number of bins in each octave: it resolves low pitches as finely
as high ones, which a Fourier spectrum does not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.audio.low_pass import low_pass_filter
from tts.bounds import Counts, Octaves, Width, require_equal_lengths
from tts.discriminators.base import MultiDiscriminator, forward_with_features, scaled_channels
from tts.errors import UserError

CHANNELS = 128
DILATIONS = (1, 2, 4)
TAPS = 64  # of the low-pass filter between two octaves


class ConstantQ(nn.Module):
    """Constant-Q transform (Brown 1991): ``(B, S)`` -> one ``(B, 2, T, bins)`` per octave.

    Real and imaginary parts, the highest octave first. Each lower octave applies the same kernels
    to the signal at half the rate (Schörkhuber & Klapuri 2010). ``hop``: samples per frame, halved
    with the rate; ``bins``: per octave; a window lasts ``Q = 1 / (2 ** (1 / bins) - 1)`` periods.
    Raises UserError when ``hop`` is not divisible by ``2 ** (octaves - 1)``.
    """

    def __init__(self, hop: int, octaves: int, bins: int) -> None:
        super().__init__()
        if hop % (1 << (octaves - 1)):
            raise UserError(
                f"hop={hop} must be divisible by {1 << (octaves - 1)} for {octaves} octaves"
            )
        self.hop, self.octaves = hop, octaves
        quality = 1 / (2 ** (1 / bins) - 1)
        # center frequencies of the highest octave, in cycles per sample
        frequencies = 0.25 * 2 ** (torch.arange(bins, dtype=torch.float64) / bins)
        size = int(quality / 0.25) // 2 * 2 + 1
        time = torch.arange(size, dtype=torch.float64) - size // 2
        lengths = quality / frequencies
        inside = (time[None] / lengths[:, None]).clamp(-0.5, 0.5)
        windows = torch.cos(torch.pi * inside).square() / lengths[:, None]
        phase = 2 * torch.pi * frequencies[:, None] * time
        kernels = torch.stack([windows * phase.cos(), -windows * phase.sin()])  # (2, bins, size)
        self.register_buffer("kernels", kernels.flatten(0, 1)[:, None].float(), persistent=False)
        self.register_buffer("taps", low_pass_filter(0.24, 0.02, TAPS), persistent=False)
        self.kernels: Tensor
        self.taps: Tensor

    def forward(self, wave: Tensor) -> list[Tensor]:
        x = F.pad(wave[:, None].float(), (0, -wave.shape[-1] % self.hop))
        side = self.kernels.shape[-1] // 2
        spectra = []
        for octave in range(self.octaves):
            if octave:
                x = F.conv1d(F.pad(x, (TAPS // 2 - 1, TAPS // 2)), self.taps, stride=2)
            spectrum = F.conv1d(x, self.kernels, stride=self.hop >> octave, padding=side)
            frames = x.shape[-1] // (self.hop >> octave)
            spectra.append(spectrum[..., :frames].unflatten(1, (2, -1)).mT)
        return spectra


class ConstantQDiscriminator(nn.Module):
    """Convolutions over one constant-Q spectrum: one per octave, then several over all octaves.

    ``hop``, ``octaves``, ``bins``: see :class:`ConstantQ`. ``(B, S)`` -> logits, feature maps.
    """

    def __init__(self, hop: int, octaves: int, bins: int, width: Width = 1.0) -> None:
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
        octaves = zip(self.octaves, spectra, strict=True)
        x = torch.cat([layer(spectrum) for layer, spectrum in octaves], -1)
        return forward_with_features(self.layers, self.last, x)


class MultiConstantQDiscriminator(MultiDiscriminator):
    """One :class:`ConstantQDiscriminator` per pair of ``hops`` (samples) and ``bins`` (per octave).

    ``width``: share of the paper's channels.
    """

    def __init__(
        self,
        width: Width = 1.0,
        hops: Counts = (512, 256, 256),
        bins: Counts = (24, 36, 48),
        octaves: Octaves = 9,
    ) -> None:
        require_equal_lengths(hops=hops, bins=bins)
        super().__init__(
            ConstantQDiscriminator(hop, octaves, count, width)
            for hop, count in zip(hops, bins, strict=True)
        )

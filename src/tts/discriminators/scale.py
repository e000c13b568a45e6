"""Multi-scale discriminator of MelGAN (Kumar et al. 2019, section 2.2) and HiFi-GAN."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from tts.bounds import Octaves, Width
from tts.discriminators.base import MultiDiscriminator, forward_with_features

# (channels, kernel, stride, groups) of each layer, from HiFi-GAN
LAYERS = (
    (128, 15, 1, 1),
    (128, 41, 2, 4),
    (256, 41, 2, 16),
    (512, 41, 4, 16),
    (1024, 41, 4, 16),
    (1024, 41, 1, 16),
    (1024, 5, 1, 1),
)


class ScaleDiscriminator(nn.Module):
    """1-D convolutions over samples. ``(B, S)`` -> logits, feature maps.

    ``norm``: weight or spectral normalization, applied to each layer.
    """

    def __init__(self, norm: Callable[[nn.Module], nn.Module], width: Width = 1.0) -> None:
        super().__init__()
        layers = []
        before = 1
        for channels, kernel, stride, groups in LAYERS:
            # keep the published channels per group: fewer groups run faster than narrow ones
            groups = max(round(groups * width), 1)
            channels = max(round(channels * width / groups), 1) * groups
            layers.append(
                norm(nn.Conv1d(before, channels, kernel, stride, kernel // 2, groups=groups))
            )
            before = channels
        self.layers = nn.ModuleList(layers)
        self.last = norm(nn.Conv1d(before, 1, 3, padding=1))

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        return forward_with_features(self.layers, self.last, wave[:, None])


class MultiScaleDiscriminator(MultiDiscriminator):
    """One :class:`ScaleDiscriminator` at each of the full, half and quarter rate.

    ``octaves``: number of rates; ``width``: share of the paper's channels. The first is spectrally
    normalized, the others weight-normalized (HiFi-GAN, section 2.3).
    """

    def __init__(self, width: Width = 1.0, octaves: Octaves = 3) -> None:
        super().__init__(
            ScaleDiscriminator(weight_norm if octave else spectral_norm, width)
            for octave in range(octaves)
        )

    def inputs(self, signal: Tensor) -> list[Tensor]:
        waves = [signal]
        while len(waves) < len(self.members):
            waves.append(F.avg_pool1d(waves[-1][:, None], 4, 2, padding=2)[:, 0])
        return waves

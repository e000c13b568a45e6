"""Samples as they are, at half and at a quarter of the rate (Kumar et al. 2019, MelGAN)."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from tts.discriminators.base import MultiDiscriminator, forward_with_features

# channels, kernel, stride, groups of every layer, as HiFi-GAN sets them
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
    """``(B, S) -> score, features``. ``norm``: weight or spectral normalization."""

    def __init__(self, norm: Callable[[nn.Module], nn.Module], width: float = 1.0) -> None:
        super().__init__()
        layers = []
        before = 1
        for channels, kernel, stride, groups in LAYERS:
            # as many channels a group as published, and fewer groups: that is what is fast
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
    """A :class:`ScaleDiscriminator` per octave; ``width``: share of the paper's channels."""

    def __init__(self, sample_rate: int, width: float = 1.0, octaves: int = 3) -> None:
        super().__init__(
            ScaleDiscriminator(weight_norm if octave else spectral_norm, width)
            for octave in range(octaves)
        )

    def inputs(self, wave: Tensor) -> list[Tensor]:
        waves = [wave]
        while len(waves) < len(self.members):
            waves.append(F.avg_pool1d(waves[-1][:, None], 4, 2, padding=2)[:, 0])
        return waves

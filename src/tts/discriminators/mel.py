"""Mel discriminators: patch discriminators on random windows of an utterance.

For training only: they reduce the over-smoothing of a mel trained by distances alone.
"""

from itertools import pairwise
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.bounds import Channels, Counts
from tts.discriminators.base import MultiDiscriminator, forward_with_features


class MelWindows(NamedTuple):
    """Mels and where their windows begin; a real and a generated mel share the offsets."""

    mel: Tensor  # (B, T, M) normalized
    lengths: Tensor  # (B,) frames
    offsets: Tensor  # (B,) in [0, 1): from the first possible window to the last


class PatchDiscriminator(nn.Module):
    """One logit per patch of a mel window. ``(B, 1, frames, M)`` -> logits, feature maps.

    Convolutions of stride 2 on both axes: the receptive field of a logit is about 70 frames and 70
    bands (PatchGAN, Isola et al. 2017, section 3.2.2). ``channels``: of the first layer.
    """

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        widths = [1, channels, 2 * channels, 2 * channels]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, 5, stride=2, padding=2)) for a, b in pairwise(widths)
        )
        self.last = weight_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, mel: Tensor) -> tuple[Tensor, list[Tensor]]:
        return forward_with_features(self.layers, self.last, mel)


class MultiWindowDiscriminator(MultiDiscriminator):
    """One :class:`PatchDiscriminator` per window length, as in HiFiSinger.

    Each sees one window of every utterance (Chen et al. 2020, section 2.2); an utterance shorter
    than the window is padded with zeros. ``windows``: frames; ``channels``: of the first layer.
    """

    signal: ClassVar[str] = "mel"

    def __init__(self, windows: Counts = (32, 64, 128), channels: Channels = 32) -> None:
        super().__init__(PatchDiscriminator(channels) for _ in windows)
        self.windows = list(windows)

    def inputs(self, signal: MelWindows) -> list[Tensor]:  # type: ignore[override]
        return [_window(signal, frames) for frames in self.windows]


def _window(windows: MelWindows, frames: int) -> Tensor:
    """Cut ``frames`` frames out of each mel: ``(B, 1, frames, M)``."""
    starts = (windows.lengths - frames).clamp(min=0) + 1  # number of possible first frames
    start = (windows.offsets * starts).long()
    index = start[:, None] + torch.arange(frames, device=start.device)
    real = index < windows.lengths[:, None]
    index = index.clamp(max=windows.mel.shape[1] - 1)[..., None].expand(
        -1, -1, windows.mel.shape[2]
    )
    return (windows.mel.gather(1, index) * real[..., None])[:, None]

"""Critics of mels, for training alone: which of two is a recording's."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.discriminators.base import MultiDiscriminator, forward_with_features


class MelWindows(NamedTuple):
    """Mels, and where to look at each: real ones and made ones are looked at in the same offsets."""

    mel: Tensor  # (B, T, M) normalized
    lengths: Tensor  # (B,) frames
    offsets: Tensor  # (B,) in [0, 1): from the first possible window to the last


class PatchDiscriminator(nn.Module):
    """Scores patches of a window of a mel. ``(B, 1, frames, M) -> score, features``.

    Convolutions that halve both axes: every score looks at some 70 frames and 70 bands, as far as
    they go (Isola et al. 2017, section 3.2.2).
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
    """A :class:`PatchDiscriminator` per window length, each with one window of every utterance.

    ``windows``: frames; ``channels``: of a critic's first layer. An utterance shorter than a window
    is followed by zeros.
    """

    def __init__(
        self, bands: int, windows: Sequence[int] = (32, 64, 128), channels: int = 32
    ) -> None:
        super().__init__(PatchDiscriminator(channels) for _ in windows)
        self.windows = list(windows)

    def inputs(self, windows: MelWindows) -> list[Tensor]:  # type: ignore[override]
        return [_window(windows, frames) for frames in self.windows]


def _window(windows: MelWindows, frames: int) -> Tensor:
    """``(B, 1, frames, M)``."""
    room = (windows.lengths - frames).clamp(min=0) + 1
    start = (windows.offsets * room).long()
    index = start[:, None] + torch.arange(frames, device=start.device)
    real = index < windows.lengths[:, None]
    index = index.clamp(max=windows.mel.shape[1] - 1)[..., None].expand(
        -1, -1, windows.mel.shape[2]
    )
    return (windows.mel.gather(1, index) * real[..., None])[:, None]

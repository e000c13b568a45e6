"""Critics of mels, for training alone: which of two is a recording's."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts.modules.judge import Panel, through


class Excerpts(NamedTuple):
    """Mels, and where to look at each: real ones and made ones are looked at in the same places."""

    mel: Tensor  # (B, T, M) normalised
    lengths: Tensor  # (B,) frames
    places: Tensor  # (B,) in [0, 1): from the first possible window to the last


class PatchCritic(nn.Module):
    """Judges patches of a window of a mel. ``(B, 1, frames, M) -> score, features``.

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
        return through(self.layers, self.last, mel)


class MultiWindow(Panel):
    """A :class:`PatchCritic` per window length, each with one window of every utterance.

    ``windows``: frames; ``channels``: of a critic's first layer. An utterance shorter than a window
    is followed by zeros.
    """

    def __init__(
        self, bands: int, windows: Sequence[int] = (32, 64, 128), channels: int = 32
    ) -> None:
        super().__init__(PatchCritic(channels) for _ in windows)
        self.windows = list(windows)

    def heard(self, shown: Excerpts) -> list[Tensor]:  # type: ignore[override]
        return [_window(shown, frames) for frames in self.windows]


def _window(shown: Excerpts, frames: int) -> Tensor:
    """``(B, 1, frames, M)``."""
    room = (shown.lengths - frames).clamp(min=0) + 1
    start = (shown.places * room).long()
    index = start[:, None] + torch.arange(frames, device=start.device)
    real = index < shown.lengths[:, None]
    index = index.clamp(max=shown.mel.shape[1] - 1)[..., None].expand(-1, -1, shown.mel.shape[2])
    return (shown.mel.gather(1, index) * real[..., None])[:, None]

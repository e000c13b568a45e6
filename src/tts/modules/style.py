"""Where a style comes from. Each is made with ``facts`` and called with what a batch offers.

A style module has ``dim``, and maps ``(speaker, mel, lengths)`` to ``(B, dim)``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.modules.conv import DepthwiseConv


class SpeakerStyle(nn.Module):
    """One learned vector per speaker. ``dim``: its size."""

    listens = False  # needs no recording to speak

    def __init__(self, facts: CorpusFacts, dim: int = 64) -> None:
        super().__init__()
        self.dim = dim
        self.table = nn.Embedding(len(facts.speakers), dim)

    def forward(
        self, speaker: Tensor | None, mel: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """``speaker (B,)`` int64 -> ``(B, dim)``. UserError when it is missing."""
        if speaker is None:
            raise UserError("model/style=speaker needs a speaker: give speaker=<name>")
        return self.table(speaker)


class ReferenceStyle(nn.Module):
    """A vector heard from a reference mel, whoever speaks in it.

    Depthwise-separable convolutions over time, then the mean and standard deviation over the real
    frames (statistics pooling, Snyder et al. 2018, section 2.2). ``dim``: size of the style;
    ``hidden``: channels inside; ``depth``: convolutions; ``kernel``: frames each sees.
    """

    listens = True

    def __init__(
        self,
        facts: CorpusFacts,
        dim: int = 64,
        hidden: int = 128,
        depth: int = 3,
        kernel: int = 7,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.input = nn.Linear(facts.contract.bands, hidden)
        self.depthwise = nn.ModuleList(DepthwiseConv(hidden, (kernel,)) for _ in range(depth))
        self.pointwise = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(depth))
        self.output = nn.Linear(2 * hidden, dim)

    def forward(
        self, speaker: Tensor | None, mel: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """``mel (B, T, M)`` normalized, ``lengths (B,)`` (None: all real) -> ``(B, dim)``."""
        if mel is None:
            raise UserError("model/style=reference needs a recording: give reference=<file>.wav")
        if lengths is None:
            lengths = torch.full((len(mel),), mel.shape[1], device=mel.device)
        mask = mask_from_lengths(lengths, mel.shape[1])[..., None]
        x = self.input(mel)
        for depthwise, pointwise, norm in zip(
            self.depthwise, self.pointwise, self.norms, strict=True
        ):
            x = x + F.gelu(pointwise(depthwise(norm(x) * mask)))
        return self.output(_statistics(x, mask).to(self.output.weight.dtype))


def _statistics(x: Tensor, mask: Tensor) -> Tensor:
    """``(B, T, C), (B, T, 1)`` -> mean and deviation over real frames ``(B, 2 C)``, fp32."""
    x = x.float()
    count = mask.sum(1).clamp(min=1)
    mean = (x * mask).sum(1) / count
    variance = ((x - mean[:, None]).square() * mask).sum(1) / count
    return torch.cat([mean, (variance + 1e-5).sqrt()], -1)

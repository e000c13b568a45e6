"""Style encoders: a conditioning vector from a speaker's name or a reference recording."""

from typing import ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Depth, OddKernel
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.modules.conv import DepthwiseConv

Need = Literal["none", "optional", "required"]


class StyleNeeds(NamedTuple):
    """What a style is computed from."""

    speaker: Need = "none"
    reference: Need = "none"  # the mel of a recording


class Style(nn.Module):
    """Base of style encoders: made with ``facts``, it maps what it needs to ``(B, dim)``."""

    needs: ClassVar[StyleNeeds]
    speaker_tables: ClassVar[tuple[str, ...]] = ()  # state-dict keys with one row per speaker
    dim: int
    receptive_field = 1  # mel frames of a reference that are seen at once

    def forward(
        self, speaker: Tensor | None, mel: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """Return the style ``(B, dim)``.

        ``speaker (B,)`` int64; ``mel (B, T, M)`` normalized, of ``lengths (B,)`` frames (None: all
        real). Raises UserError when something required is None.
        """
        raise NotImplementedError


class SpeakerStyle(Style):
    """One learned vector of size ``dim`` per speaker."""

    needs = StyleNeeds(speaker="required")
    speaker_tables = ("table.weight",)

    def __init__(self, facts: CorpusFacts, dim: Channels = 64) -> None:
        super().__init__()
        self.dim = dim
        self.table = nn.Embedding(len(facts.speakers), dim)

    def forward(
        self, speaker: Tensor | None, mel: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        if speaker is None:
            raise UserError("model/style=speaker needs a speaker: give speaker=NAME")
        return self.table(speaker)


class ReferenceStyle(Style):
    """A vector computed from a reference mel, of any speaker.

    Depthwise-separable convolutions over time, then the mean and standard deviation over the real
    frames (statistics pooling, Snyder et al. 2018, section 2.2). ``dim``: size of the style;
    ``hidden``: channels inside; ``depth``: convolutions; ``kernel``: frames of each.
    """

    needs = StyleNeeds(reference="required")

    def __init__(
        self,
        facts: CorpusFacts,
        dim: Channels = 64,
        hidden: Channels = 128,
        depth: Depth = 3,
        kernel: OddKernel = 7,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.receptive_field = 1 + depth * (kernel - 1)
        self.input = nn.Linear(facts.contract.bands, hidden)
        self.depthwise = nn.ModuleList(DepthwiseConv(hidden, (kernel,)) for _ in range(depth))
        self.pointwise = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(depth))
        self.output = nn.Linear(2 * hidden, dim)

    def forward(
        self, speaker: Tensor | None, mel: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        if mel is None:
            raise UserError("model/style=reference needs a recording: give reference=FILE.wav")
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
    """Return mean and standard deviation over real frames, fp32.

    ``(B, T, C)``, ``(B, T, 1)`` -> ``(B, 2 C)``.
    """
    x = x.float()
    count = mask.sum(1).clamp(min=1)
    mean = (x * mask).sum(1) / count
    variance = ((x - mean[:, None]).square() * mask).sum(1) / count
    return torch.cat([mean, (variance + 1e-5).sqrt()], -1)

"""Style encoders: a conditioning vector from a speaker's name or a reference recording."""

from collections.abc import Mapping
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
NO_SPEAKER = "model/style=speaker needs a speaker: give speaker=NAME"


class StyleNeeds(NamedTuple):
    """What a style is computed from."""

    speaker: Need = "none"
    reference: Need = "none"  # the mel of a recording
    embedding: Need = "none"  # a speaker embedding of that recording


class StyleTables(NamedTuple):
    """State-dict keys of a style with one row per speaker or language."""

    speakers: tuple[str, ...] = ()  # learned
    languages: tuple[str, ...] = ()  # learned
    statistics: tuple[str, ...] = ()  # computed from the corpus, one row per speaker

    def under(self, prefix: str) -> "StyleTables":
        """Return the keys in a module that holds the style as ``prefix``."""
        return StyleTables(*(tuple(f"{prefix}.{key}" for key in keys) for keys in self))


class StyleInputs(NamedTuple):
    """What a style can be computed from; None where it is not known or not wanted."""

    speaker: Tensor | None = None  # (B,) int64
    language: Tensor | None = None  # (B,) int64
    mel: Tensor | None = None  # (B, R, M) normalized log mel of a reference
    lengths: Tensor | None = None  # (B,) int64 frames of the reference; None: all are real
    summary: Tensor | None = None  # (B, S) of the reference, by the encoder of a composed style
    embedding: Tensor | None = None  # (B, E) speaker embedding of the reference
    statistics: Tensor | None = None  # (B, 4) of the reference's speaker: ProsodyStyle.FIELDS
    tokens: Mapping[int, float] | str | None = None  # SynthesisControls.style_tokens
    weights: Mapping[str, float] | None = None  # SynthesisControls.style_weights
    temperature: float | None = None  # SynthesisControls.style_temperature
    generator: torch.Generator | None = None  # of what is drawn; None = torch's own


class StyleOutput(NamedTuple):
    """A style and what its losses and plots read."""

    vector: Tensor | None  # (B, dim); None of a model without a style
    token_weights: Tensor | None = None  # (B, heads, tokens) of style tokens
    divergence: Tensor | None = None  # (B,) nats of a variational style from its prior


class Style(nn.Module):
    """Base of style encoders: made with ``facts``, it maps what it needs to ``(B, dim)``."""

    needs: StyleNeeds = StyleNeeds()
    controls: ClassVar[frozenset[str]] = frozenset()  # names of SynthesisControls it takes
    dim: int
    receptive_field = 1  # mel frames of a reference that are seen at once
    token_count = 0  # style tokens that can be weighted by hand

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        """Return the style. Raises UserError when something required is None."""
        raise NotImplementedError

    def available(self, inputs: StyleInputs) -> bool:
        """Return whether ``inputs`` has what this style is computed from."""
        given = {
            "speaker": inputs.speaker,
            "reference": inputs.mel,
            "embedding": inputs.embedding,
        }
        return all(
            given[name] is not None for name, need in self.needs._asdict().items() if need != "none"
        )

    def columns(self) -> dict[str, slice]:
        """Return where each part is in the vector; nothing where it is not a concatenation."""
        return {}

    def tables(self) -> StyleTables:
        """Return the keys that a warm start with other speakers or languages must remap."""
        return StyleTables()


class SpeakerStyle(Style):
    """One learned vector of size ``dim`` per speaker."""

    needs = StyleNeeds(speaker="required")

    def __init__(self, facts: CorpusFacts, dim: Channels = 64) -> None:
        super().__init__()
        self.dim = dim
        self.table = nn.Embedding(len(facts.speakers), dim)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        if inputs.speaker is None:
            raise UserError(NO_SPEAKER)
        return StyleOutput(self.table(inputs.speaker))

    def tables(self) -> StyleTables:
        return StyleTables(speakers=("table.weight",))


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

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        mel, mask = reference_of(inputs, "model/style=reference")
        x = self.input(mel)
        for depthwise, pointwise, norm in zip(
            self.depthwise, self.pointwise, self.norms, strict=True
        ):
            x = x + F.gelu(pointwise(depthwise(norm(x) * mask)))
        return StyleOutput(self.output(pooled_statistics(x, mask).to(self.output.weight.dtype)))


def reference_of(inputs: StyleInputs, who: str) -> tuple[Tensor, Tensor]:
    """Return the reference mel ``(B, R, M)`` and its mask ``(B, R, 1)``.

    ``who`` needs it, for a message. Raises UserError where there is none.
    """
    mel, lengths = inputs.mel, inputs.lengths
    if mel is None:
        raise UserError(f"{who} needs a recording: give reference=FILE.wav")
    if lengths is None:
        lengths = torch.full((len(mel),), mel.shape[1], device=mel.device)
    return mel, mask_from_lengths(lengths, mel.shape[1])[..., None]


def pooled_statistics(x: Tensor, mask: Tensor) -> Tensor:
    """Return mean and standard deviation over real frames, fp32.

    ``(B, T, C)``, ``(B, T, 1)`` -> ``(B, 2 C)``.
    """
    x = x.float()
    count = mask.sum(1).clamp(min=1)
    mean = (x * mask).sum(1) / count
    variance = ((x - mean[:, None]).square() * mask).sum(1) / count
    return torch.cat([mean, (variance + 1e-5).sqrt()], -1)

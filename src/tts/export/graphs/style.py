"""Graph of a composed style for export: each part is computed, and weighted by an input.

A part that is left out has the weight 0, so one graph speaks with every subset of the parts. The
inputs are made by :mod:`tts.onnx_voice.graph_style`.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.composed_style import ComposedStyle
from tts.modules.style import SpeakerStyle, Style, StyleInputs
from tts.modules.style_parts import (
    EMBEDDING_DIM,
    EmbeddingStyle,
    LanguageStyle,
    ProsodyStyle,
    SummaryStyle,
)
from tts.modules.style_tokens import StyleTokens
from tts.modules.variational_style import VariationalStyle
from tts.plain_data import PlainData

KINDS: dict[type[Style], str] = {
    SpeakerStyle: "speaker", LanguageStyle: "language", ProsodyStyle: "statistics",
    SummaryStyle: "reference", EmbeddingStyle: "embedding", StyleTokens: "tokens",
    VariationalStyle: "variational",
}  # fmt: skip


class ComposedStyleGraph(nn.Module):
    """``inputs`` by name -> style ``(1, dim)``. Raises UserError for parts without a graph."""

    def __init__(self, style: ComposedStyle, bands: int) -> None:
        super().__init__()
        self.style, self.bands = style, bands
        self.kinds: dict[str, str] = {}
        for name, part in style.parts.items():
            kind = KINDS.get(type(cast(Style, part)))
            once = kind not in ("tokens", "variational") or kind not in self.kinds.values()
            if kind is None or not once:
                raise UserError(
                    f"the style {name} ({type(part).__name__}) cannot be exported as a graph; use "
                    "format=voice"
                )
            self.kinds[name] = kind

    def card(self) -> PlainData:
        """Return what makes the inputs of the graph."""
        encoder = self.style.encoder
        return {
            "parts": self.kinds,
            "optional": self.style.dropout > 0,
            "stride": 0 if encoder is None else encoder.stride,
        }

    def examples(self, steps: int) -> dict[str, Tensor]:
        """Return example inputs, with a reference of ``steps`` of the encoder."""
        inputs = {"style_weights": torch.ones(1, len(self.kinds))}
        inputs["statistics"] = torch.tensor([[5.0, 0.2, 1.0, 1.5]])
        for name, kind in self.kinds.items():
            part = self.style.parts[name]
            if kind == "embedding":
                inputs["embedding"] = torch.ones(1, EMBEDDING_DIM) / EMBEDDING_DIM**0.5
            elif isinstance(part, StyleTokens):
                inputs["style_tokens"] = torch.ones(1, 1 + part.token_count)
            elif isinstance(part, VariationalStyle):
                inputs["style_noise"] = torch.ones(1, 1 + part.dim)
        if self.style.encoder is not None:
            width = self.style.encoder.stride * self.bands
            inputs["reference_steps"] = torch.full((1, steps, width), -5.0)
        return inputs

    def forward(
        self, inputs: Mapping[str, Tensor], steps: Tensor | None, speaker: Tensor, language: Tensor
    ) -> Tensor:
        """``steps (1, R, stride * M)``: the normalized reference."""
        summary = None
        if self.style.encoder is not None and steps is not None:
            summary = self.style.encoder.of_steps(steps, torch.ones_like(steps[..., :1]) > 0)
        given = StyleInputs(
            speaker, language, summary=summary, embedding=inputs.get("embedding"),
            statistics=inputs["statistics"],
        )  # fmt: skip
        vectors = []
        for number, name in enumerate(self.kinds):
            vector = self._vector(cast(Style, self.style.parts[name]), given, inputs)
            if self.style.projections is not None:
                vector = self.style.projections[name](vector)
            vectors.append(inputs["style_weights"][:, number : number + 1] * vector)
        if self.style.projections is not None:
            return torch.stack(vectors).sum(0)
        return torch.cat(vectors, -1)

    @staticmethod
    def _vector(part: Style, given: StyleInputs, inputs: Mapping[str, Tensor]) -> Tensor:
        if isinstance(part, StyleTokens):
            read, written = inputs["style_tokens"][:, :1], inputs["style_tokens"][:, 1:]
            return part.mixed(read[:, None] * part.attention(given) + written[:, None])
        if isinstance(part, VariationalStyle):
            read, noise = inputs["style_noise"][:, :1], inputs["style_noise"][:, 1:]
            mean, deviation = part.moments(cast(Tensor, given.summary))
            return read * mean + noise * (read * deviation + 1 - read)
        return cast(Tensor, part(given).vector)

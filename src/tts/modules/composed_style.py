"""Composed style: several styles together, any subset of which may be there when speaking."""

import inspect
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Annotated, Literal, cast

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Length, ShareBelowOne
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.modules.reference_encoder import ReferenceEncoder
from tts.modules.style import Need, Style, StyleInputs, StyleNeeds, StyleOutput, StyleTables
from tts.warnings_once import warn_once


class ComposedStyle(Style):
    """The concatenation or the sum of ``parts``, made with ``facts`` by name.

    A part that declares ``summary_dim`` reads the summary of the reference, by the one ``encoder``
    of all parts (made with ``facts``; None: no part needs it). In training each part of each
    utterance is left out with the probability ``dropout``, so that any subset of them speaks; a
    part that is left out or whose input is missing is zero. ``dropout`` 0: the parts keep what they
    require. ``dim``: channels of the sum; a concatenation has those of its parts together.
    """

    def __init__(
        self,
        facts: CorpusFacts,
        parts: Annotated[Mapping[str, Callable[..., Style]], Length()] | None = None,
        encoder: Callable[..., ReferenceEncoder] | None = None,
        combine: Literal["concatenate", "sum"] = "concatenate",
        dim: Channels = 64,
        dropout: ShareBelowOne = 0.2,
    ) -> None:
        super().__init__()
        if not parts:
            raise UserError(
                "model/style/parts=[] is empty: choose parts, such as [speaker,reference], or "
                "model/style=none"
            )
        self.dropout = dropout
        reading = {n for n, make in parts.items() if "summary_dim" in _parameters(make)}
        self.encoder: ReferenceEncoder | None = None
        if reading:
            if encoder is None:
                raise UserError(
                    f"model.style.encoder=null: {', '.join(sorted(reading))} need an encoder of "
                    "the reference"
                )
            self.encoder = encoder(facts=facts)
        made: dict[str, Style] = {}
        for name, make in parts.items():
            more = {"summary_dim": self.encoder.summary_dim} if name in reading else {}  # type: ignore[union-attr]
            made[name] = make(facts=facts, **more)
        self.parts = nn.ModuleDict(made)
        self.projections: nn.ModuleDict | None = None
        self.dim = sum(part.dim for part in made.values())
        if combine == "sum":
            self.projections = nn.ModuleDict(
                {name: nn.Linear(part.dim, dim, bias=False) for name, part in made.items()}
            )
            self.dim = dim
        self.needs = StyleNeeds(*(self._need(name) for name in StyleNeeds._fields))
        self.token_count = max(part.token_count for part in made.values())
        self.receptive_field = max(part.receptive_field for part in made.values())

    @property
    def controls(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({"style_weights"}).union(*(part.controls for _, part in self._named()))

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        weights = self._weights(inputs.weights)
        if self.encoder is not None and inputs.mel is not None:
            inputs = inputs._replace(summary=self.encoder(inputs))
        self._warn_of_temperature(inputs)
        size, device = self._size(inputs)
        vectors: list[Tensor] = []
        token_weights = divergence = None
        for name, part in self._named():
            weight = weights.get(name, 1.0)
            speaks = self._speaks(part, inputs)
            if name in weights and not speaks:
                warn_once(
                    f"style_weights={{{name}: {weight:g}}} has no effect: nothing that {name} is "
                    "computed from is given"
                )
            if not speaks or not weight:
                vectors.append(torch.zeros(size, self._width(name), device=device))
                continue
            output = part(inputs)
            vector = cast(Tensor, output.vector)
            if self.projections is not None:
                vector = self.projections[name](vector)
            kept = weight * self._kept(size, vector)
            vectors.append((vector * kept[:, None]).expand(size, -1))
            if output.token_weights is not None:
                token_weights = output.token_weights
            if output.divergence is not None:
                left = output.divergence * (kept != 0)
                divergence = left if divergence is None else divergence + left
        joined = torch.cat(vectors, -1)
        if self.projections is not None:
            joined = torch.stack(vectors).sum(0)
        return StyleOutput(joined, token_weights, divergence)

    def available(self, inputs: StyleInputs) -> bool:
        return True

    def columns(self) -> dict[str, slice]:
        if self.projections is not None:
            return {}
        ends = accumulate(part.dim for _, part in self._named())
        return {
            name: slice(end - part.dim, end)
            for (name, part), end in zip(self._named(), ends, strict=True)
        }

    def tables(self) -> StyleTables:
        found = [part.tables().under(f"parts.{name}") for name, part in self._named()]
        columns = zip(*found, strict=True)
        return StyleTables(*(sum(column, ()) for column in columns))

    def _need(self, name: str) -> Need:
        """Return the strictest need of the parts; what can be left out is optional."""
        needs = {getattr(part.needs, name) for _, part in self._named()} - {"none"}
        if not needs:
            return "none"
        return "required" if "required" in needs and not self.dropout else "optional"

    def _speaks(self, part: Style, inputs: StyleInputs) -> bool:
        """Return whether a part takes part: what cannot be left out asks for its input itself."""
        return part.available(inputs) or not self.dropout

    def _warn_of_temperature(self, inputs: StyleInputs) -> None:
        drawing = (
            "style_temperature" in part.controls and self._speaks(part, inputs)
            for _, part in self._named()
        )
        if inputs.temperature is not None and not any(drawing):
            warn_once(
                f"style_temperature={inputs.temperature:g} has no effect: no part of the style is "
                "drawn"
            )

    def _named(self) -> list[tuple[str, Style]]:
        return [(name, cast(Style, part)) for name, part in self.parts.items()]

    def _width(self, name: str) -> int:
        return self.dim if self.projections is not None else cast(Style, self.parts[name]).dim

    def _kept(self, size: int, vector: Tensor) -> Tensor:
        """Return 1 for utterances that keep a part and 0 for the others, ``(B,)``."""
        if not self.training or not self.dropout:
            return vector.new_ones(size)
        return (torch.rand(size, device=vector.device) >= self.dropout).to(vector.dtype)

    def _weights(self, given: Mapping[str, float] | None) -> Mapping[str, float]:
        for name in given or {}:
            if name not in self.parts:
                raise UserError(
                    f"style_weights={{{name}: ...}}: this model has no such style; choose from "
                    f"{', '.join(self.parts)}"
                )
        return given or {}

    def _size(self, inputs: StyleInputs) -> tuple[int, torch.device]:
        for value in (inputs.speaker, inputs.language, inputs.mel, inputs.embedding):
            if value is not None:
                return len(value), value.device
        return 1, next(self.parameters()).device


def _parameters(make: Callable[..., Style]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(make).parameters

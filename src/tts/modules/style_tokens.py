"""Global style tokens (Wang et al. 2018): a style as a weighted sum of learned vectors."""

from collections.abc import Mapping
from typing import Annotated

import torch
from torch import Tensor, nn

from tts.bounds import Bound, Channels, Heads
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.modules.style import Style, StyleInputs, StyleNeeds, StyleOutput
from tts.modules.style_parts import summary_of
from tts.warnings_once import warn_once

DRAWN = "drawn"  # style_tokens that are drawn at random


class StyleTokens(Style):
    """``tokens`` learned vectors, of which the reference chooses by multi-head attention.

    Wang et al. 2018, section 3: the reference's summary is the query, the tokens (through tanh)
    are keys and values. When speaking, the weights can also be given, the same for every head, or
    drawn (a softmax of normal values, times the temperature).
    """

    needs = StyleNeeds(reference="optional")
    controls = frozenset({"style_tokens", "style_temperature"})

    def __init__(
        self,
        facts: CorpusFacts,
        summary_dim: Channels,
        dim: Channels = 64,
        tokens: Annotated[int, Bound(least=2, most=1024)] = 12,
        heads: Heads = 4,
    ) -> None:
        super().__init__()
        if dim % heads:
            raise UserError(f"heads={heads} of style tokens must divide their dim={dim}")
        self.dim, self.heads, self.token_count = dim, heads, tokens
        self.tokens = nn.Parameter(0.5 * torch.randn(tokens, dim // heads))
        self.query = nn.Linear(summary_dim, dim, bias=False)
        self.key = nn.Linear(dim // heads, dim, bias=False)
        self.value = nn.Linear(dim // heads, dim, bias=False)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        weights = self._weights(inputs)  # (B, H, K)
        return StyleOutput(self.mixed(weights), token_weights=weights)

    def mixed(self, weights: Tensor) -> Tensor:
        """Return the sum of the tokens by their ``weights (B, H, K)``, ``(B, dim)``."""
        values = self.value(self.tokens.tanh()).unflatten(-1, (self.heads, -1))  # (K, H, dim / H)
        return torch.einsum("bhk,khd->bhd", weights.to(values.dtype), values).flatten(1)

    def available(self, inputs: StyleInputs) -> bool:
        return inputs.tokens is not None or inputs.summary is not None

    def _weights(self, inputs: StyleInputs) -> Tensor:
        """Return the weight of each token, given, drawn or from the reference, ``(B, H, K)``."""
        if inputs.tokens == DRAWN:
            return self._drawn(inputs)
        if inputs.temperature is not None:
            warn_once(
                f"style_temperature={inputs.temperature:g} has no effect on style tokens that are "
                "not drawn: add style_tokens=drawn"
            )
        if isinstance(inputs.tokens, Mapping):
            return self._given(inputs.tokens)
        return self.attention(inputs)

    def attention(self, inputs: StyleInputs) -> Tensor:
        """Return the weights that the reference chooses, ``(B, H, K)``."""
        query = self.query(summary_of(inputs)).unflatten(-1, (self.heads, -1))  # (B, H, d)
        keys = self.key(self.tokens.tanh()).unflatten(-1, (self.heads, -1))  # (K, H, d)
        scores = torch.einsum("bhd,khd->bhk", query, keys).float()
        return (scores * keys.shape[-1] ** -0.5).softmax(-1)

    def _given(self, weights: Mapping[int, float]) -> Tensor:
        row = self.tokens.new_zeros(self.token_count)
        for token, weight in weights.items():
            if not 0 <= token < self.token_count:
                raise UserError(
                    f"style_tokens={{{token}: {weight:g}}}: this model has {self.token_count} "
                    f"style tokens; choose from 0 to {self.token_count - 1}"
                )
            row[token] = weight
        return row.expand(1, self.heads, -1)

    def _drawn(self, inputs: StyleInputs) -> Tensor:
        temperature = 1.0 if inputs.temperature is None else inputs.temperature
        noise = torch.randn(
            1, 1, self.token_count, generator=inputs.generator, device=self.tokens.device
        )
        return (2 * temperature * noise).softmax(-1).expand(1, self.heads, -1)

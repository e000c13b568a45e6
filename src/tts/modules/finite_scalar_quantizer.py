"""Finite scalar quantizer: codes by rounding a few bounded numbers, without codebooks."""

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from tts.bounds import Bound, Channels, Length, Share
from tts.errors import UserError
from tts.modules.quantizer import Quantizer, QuantizerOutput

MOST_CODES = 2**16
MARGIN = 1e-3  # by which the bound exceeds the outermost level, so that it can be reached


class FiniteScalarQuantizer(Quantizer):
    """Round ``len(levels)`` numbers per code to ``levels`` values each (Mentzer et al. 2024).

    A linear layer maps a vector of ``dim`` to the numbers of all ``codebooks`` codes; a code's
    number of values is the product of ``levels`` (section 3.1, with the levels of table 1). Nothing
    collapses and nothing needs a loss. ``dropout`` as in :class:`Quantizer`.
    """

    def __init__(
        self,
        dim: Channels = 64,
        codebooks: Annotated[int, Bound(least=1, most=64)] = 8,
        levels: Annotated[Sequence[Annotated[int, Bound(least=2, most=256)]], Length()] = (
            8,
            5,
            5,
            5,
        ),
        dropout: Share = 0.5,
    ) -> None:
        if math.prod(levels) > MOST_CODES:
            raise UserError(f"levels={list(levels)} make more than {MOST_CODES} codes: lower them")
        super().__init__(dim, codebooks, math.prod(levels), dropout)
        self.down = nn.Linear(dim, codebooks * len(levels))
        self.up = nn.Linear(codebooks * len(levels), dim)
        sizes = torch.tensor(levels)
        places = torch.tensor([math.prod(levels[:n]) for n in range(len(levels))])
        self.register_buffer("sizes", sizes, persistent=False)  # (L,) values of each number
        self.register_buffer("places", places, persistent=False)  # (L,) their weights in a code
        self.sizes: Tensor
        self.places: Tensor

    def forward(self, x: Tensor) -> QuantizerOutput:
        with torch.autocast(x.device.type, enabled=False):
            bounded = self._bound(x.float())  # (B, T, K, L)
            rounded = bounded + (bounded.round() - bounded).detach()  # straight-through
            kept = self.kept_levels(x)[:, None, :, None]
            latent = self._join(rounded * kept)
        return QuantizerOutput(latent, self._codes(bounded), None)

    def quantize(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return self._codes(self._bound(x.float()))

    def dequantize(self, codes: Tensor) -> Tensor:
        numbers = codes[..., None] // self.places % self.sizes - self.sizes // 2  # (B, T, k, L)
        missing = self.codebooks - codes.shape[-1]
        numbers = nn.functional.pad(numbers, (0, 0, 0, missing))
        return self._join(numbers.to(self.up.weight.dtype))

    def _bound(self, x: Tensor) -> Tensor:
        """Map ``(B, T, D)`` to numbers ``(B, T, K, L)`` whose rounding gives the levels."""
        half = (self.sizes - 1) / 2 * (1 + MARGIN)
        # an even number of levels has one more below zero than above
        offset = (self.sizes + 1) % 2 / 2
        numbers = self.down(x).unflatten(-1, (self.codebooks, -1))
        return torch.tanh(numbers + torch.atanh(offset / half)) * half - offset

    def _codes(self, bounded: Tensor) -> Tensor:
        return ((bounded.round().long() + self.sizes // 2) * self.places).sum(-1)

    def _join(self, numbers: Tensor) -> Tensor:
        """Map the numbers ``(B, T, K, L)`` of all codes, scaled to [-1, 1], to ``(B, T, D)``."""
        latent: Tensor = self.up((numbers / (self.sizes // 2)).flatten(-2))
        return latent

"""Positional encodings: sinusoidal, RoPE (rotary) and ALiBi, for attention and Mamba mixers.

An encoding has three hooks. ``add`` acts once, on the input of a stack. ``rotate`` and ``slopes``
act inside mixers that relate pairs of positions: attention, and Mamba through its dual form, in
which C is the query, B the key and a decay per frame the distance bias (Dao & Gu 2024, section 5).
Convolutions encode offsets in their kernels, so they reject the relative encodings. ``rotate_at``
is ``rotate`` in layers that run frame by frame.
"""

import math
from functools import lru_cache
from typing import Annotated

import torch
from torch import Tensor

from tts.bounds import Bound, Positive
from tts.errors import UserError

FIRST_ROWS = 256  # positions of the smallest table


class PositionalEncoding:
    """Base class; its hooks change nothing."""

    relative = False  # whether rotate or slopes do something

    def add(self, x: Tensor, start: int = 0) -> Tensor:
        """``(B, T, C)`` at positions ``start, start + 1, ...`` -> the same shape."""
        return x

    def rotate(self, x: Tensor, start: int = 0) -> Tensor:
        """Queries or keys ``(..., T, D)`` at positions ``start, ...`` -> the same shape."""
        return x

    def rotate_at(self, x: Tensor, position: int) -> Tensor:
        """Queries or keys ``(..., D)`` of one frame -> the same shape."""
        return self.rotate(x[..., None, :], position)[..., 0, :]

    def slopes(self, heads: int) -> Tensor | None:
        """Return by how much each head's log-weight falls per frame of distance ``(heads,)``."""
        return None

    def for_attention(self) -> "PositionalEncoding":
        """Return the encoding that attention uses: itself."""
        return self


class NoPosition(PositionalEncoding):
    """No encoding: causal scans and convolutions know the order of frames without one."""


class DefaultPosition(PositionalEncoding):
    """RoPE in attention, which does not know the order otherwise; no encoding in other mixers."""

    def for_attention(self) -> PositionalEncoding:
        return Rope()


class Sinusoidal(PositionalEncoding):
    """Sinusoidal encoding, added to the input (Vaswani et al. 2017, section 3.5).

    ``base``: the longest wavelength is ``2 pi base`` positions. ``scale`` multiplies the encoding.
    """

    def __init__(
        self, base: Annotated[float, Bound(above=1)] = 10000.0, scale: Positive = 1.0
    ) -> None:
        self.base = base
        self.scale = scale

    def add(self, x: Tensor, start: int = 0) -> Tensor:
        angles = _angles(start, x.shape[-2], x.shape[-1], self.base, x)  # (T, ceil(C / 2))
        encoding = torch.cat([angles.sin(), angles.cos()], -1)[:, : x.shape[-1]]
        return x + (encoding * self.scale).to(x.dtype)


class M2M100Sines(PositionalEncoding):
    """The sinusoidal encoding of M2M100 and NLLB: positions from 2, the last pair has the base."""

    def add(self, x: Tensor, start: int = 0) -> Tensor:
        pairs = x.shape[-1] // 2
        base = 10000.0 ** (pairs / max(pairs - 1, 1))
        angles = _angles(start + 2, x.shape[-2], x.shape[-1], base, x)
        return x + torch.cat([angles.sin(), angles.cos()], -1)[:, : x.shape[-1]].to(x.dtype)


class Rope(PositionalEncoding):
    """RoPE, rotary position embedding: rotates pairs of channels (Su et al. 2021, section 3.4.2).

    The product of a rotated query and key depends on their distance alone. A Mamba scan rotates B
    and C in the same way, which gives its state oscillations of fixed frequencies.
    """

    relative = True

    def __init__(self, base: Annotated[float, Bound(above=1)] = 10000.0) -> None:
        self.base = base

    def rotate(self, x: Tensor, start: int = 0) -> Tensor:
        angles = _angles(start, x.shape[-2], x.shape[-1], self.base, x)  # (T, D / 2)
        return _rotated(x, angles.cos().to(x.dtype), angles.sin().to(x.dtype))

    def rotate_at(self, x: Tensor, position: int) -> Tensor:
        size = max(FIRST_ROWS, 1 << position.bit_length())  # a power of 2: few tables are made
        cos, sin = _rotation_table(size, x.shape[-1], self.base, x.dtype, x.device)
        return _rotated(x, cos[position], sin[position])


class Alibi(PositionalEncoding):
    """ALiBi: a penalty linear in the distance, one slope per head (Press et al. 2022, section 3).

    A Mamba scan adds it as a constant decay per frame to the learned, input-dependent decay.
    """

    relative = True

    def slopes(self, heads: int) -> Tensor:
        return 2.0 ** (-8.0 / heads * torch.arange(1, heads + 1))


def reject_relative(position: PositionalEncoding, mixer: str) -> None:
    """Raise UserError for a relative encoding, which ``mixer`` would ignore."""
    if position.relative:
        name = type(position).__name__.lower()
        raise UserError(
            f"model/positional={name} has no effect in {mixer}, which does not compare pairs of "
            "positions; choose model/positional=none or sinusoidal, or a mamba or attention mixer"
        )


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the pairs of channels of ``x (..., D)``; ``cos`` and ``sin (..., D / 2)``."""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


@lru_cache(maxsize=8)
def _rotation_table(
    size: int, dim: int, base: float, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return cosines and sines ``(size, dim / 2)`` of the positions from 0."""
    with torch.inference_mode(False):  # a later step may need gradients
        angles = _angles(0, size, dim, base, torch.empty(0, device=device))
        return angles.cos().to(dtype), angles.sin().to(dtype)


def _angles(start: int, length: int, dim: int, base: float, like: Tensor) -> Tensor:
    """Return position times the frequency of each pair of channels ``(length, ceil(dim / 2))``."""
    pairs = (dim + 1) // 2
    frequency = torch.exp(torch.arange(pairs, device=like.device) * (-math.log(base) / pairs))
    return torch.arange(start, start + length, device=like.device)[:, None] * frequency

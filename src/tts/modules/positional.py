"""How a stack knows the order of its input. Each choice is an object with three effects.

``add`` acts once, on the stack's input; ``rotate`` and ``slopes`` act inside mixers that relate
pairs of positions: attention, and Mamba through its dual form, where C plays the query and B the
key (Dao & Gu 2024, section 3) and a per-step decay plays the distance bias. A convolution knows
offsets by itself and offers nothing to rotate, so it refuses the relative ones.
"""

import math

import torch
from torch import Tensor

from tts.errors import UserError


class NoPosition:
    """No position beyond what causal scans and convolutions know already."""

    relative = False  # acts between pairs of positions, inside the mixers

    def add(self, x: Tensor, start: int = 0) -> Tensor:
        """``(B, T, C)`` at positions ``start, start + 1, ...`` -> the same shape."""
        return x

    def rotate(self, x: Tensor, start: int = 0) -> Tensor:
        """Queries or keys ``(..., T, D)`` at positions ``start, ...`` -> the same shape."""
        return x

    def slopes(self, heads: int) -> Tensor | None:
        """``(heads,)``: how much a head's log-weight falls per step of distance, or None."""
        return None


class Sinusoidal(NoPosition):
    """Sines and cosines added to the input (Vaswani et al. 2017, section 3.5).

    ``base``: the longest wavelength is ``2 pi base`` positions. ``scale`` multiplies the code.
    """

    def __init__(self, base: float = 10000.0, scale: float = 1.0) -> None:
        self.base = base
        self.scale = scale

    def add(self, x: Tensor, start: int = 0) -> Tensor:
        angles = _angles(start, x.shape[-2], x.shape[-1], self.base, x)  # (T, ceil(C / 2))
        code = torch.cat([angles.sin(), angles.cos()], -1)[:, : x.shape[-1]]
        return x + (code * self.scale).to(x.dtype)


class Rope(NoPosition):
    """Rotary embedding: rotates pairs of channels by position (Su et al. 2021, section 3.4.2).

    The product of a rotated query and key depends on their distance alone. In a Mamba scan B and C
    are rotated alike, which gives the state fixed frequencies to resonate at.
    """

    relative = True

    def __init__(self, base: float = 10000.0) -> None:
        self.base = base

    def rotate(self, x: Tensor, start: int = 0) -> Tensor:
        angles = _angles(start, x.shape[-2], x.shape[-1], self.base, x)  # (T, D / 2)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        first, second = x.chunk(2, -1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


class Alibi(NoPosition):
    """A penalty that grows with distance, at a slope per head (Press et al. 2022, section 3).

    In a Mamba scan it is a constant decay per step beside the learned, input-dependent one.
    """

    relative = True

    def slopes(self, heads: int) -> Tensor:
        return 2.0 ** (-8.0 / heads * torch.arange(1, heads + 1))


def refuse_relative(position: NoPosition, mixer: str) -> None:
    """Raise for a positional choice that ``mixer`` could only ignore."""
    if position.relative:
        name = type(position).__name__.lower()
        raise UserError(
            f"model/positional={name} acts on pairs of positions, and {mixer} has none to act on: "
            "choose model/positional=none or sinusoidal, or a mamba or attention mixer"
        )


def _angles(start: int, length: int, dim: int, base: float, like: Tensor) -> Tensor:
    """``(length, ceil(dim / 2))`` in fp32: position times each pair's frequency."""
    pairs = (dim + 1) // 2
    frequency = torch.exp(torch.arange(pairs, device=like.device) * (-math.log(base) / pairs))
    return torch.arange(start, start + length, device=like.device)[:, None] * frequency

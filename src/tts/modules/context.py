"""Context of a stack: what every block can read besides its input."""

from typing import NamedTuple

from torch import Tensor


class Context(NamedTuple):
    """Passed unchanged to every block and mixer. Masks are True at real frames, padding is last."""

    mask: Tensor  # (B, T) bool
    memory: Tensor | None = None  # (B, S, C) keys and values of cross-attention
    memory_mask: Tensor | None = None  # (B, S) bool
    style: Tensor | None = None  # (B, D) FiLM turns it into scales and shifts
    # receives the log-weights (B, H, T, N) of each cross-attention, in the order of the blocks
    alignments: list[Tensor] | None = None

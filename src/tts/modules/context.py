"""What every block of a stack may look at besides its input."""

from typing import NamedTuple

from torch import Tensor


class Context(NamedTuple):
    """Handed unchanged to each block and mixer. True marks what is real, and real comes first."""

    mask: Tensor  # (B, T) bool
    memory: Tensor | None = None  # (B, S, C) what cross-attention reads
    memory_mask: Tensor | None = None  # (B, S) bool
    style: Tensor | None = None  # (B, D) what FiLM turns into scales and shifts

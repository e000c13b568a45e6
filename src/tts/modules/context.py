"""Context of a stack: what every block can read besides its input."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Context(NamedTuple):
    """Passed unchanged to every block and mixer. Masks are True at real frames, padding is last."""

    mask: Tensor  # (B, T) bool
    memory: Tensor | None = None  # (B, S, C) keys and values of cross-attention
    memory_mask: Tensor | None = None  # (B, S) bool
    style: Tensor | None = None  # (B, D) FiLM turns it into scales and shifts
    # called with the log-weights (B, H, T, N) of the cross-attentions of the last blocks, in order;
    # a function, because FSDP and DeepSpeed hand a block copies of the lists among its arguments
    report: Callable[[Tensor], None] | None = None
    aligned_blocks: int = 1 << 16  # how many blocks; weights are slower than attention alone
    # weights (B, T, N) that the first heads of these cross-attentions take in place of their own,
    # which steps of zeros keep
    forced_alignment: Tensor | None = None
    forced_heads: int = 0

    def rows(self, index: Tensor) -> "Context":
        """Return what the utterances ``index (R,)`` see, without a report."""

        def of(x: Tensor | None) -> Tensor | None:
            return None if x is None else x[index]

        return self._replace(
            mask=self.mask[index],
            memory=of(self.memory),
            memory_mask=of(self.memory_mask),
            style=of(self.style),
            forced_alignment=of(self.forced_alignment),
            report=None,
        )

"""Bidirectional mixer: a forward and a backward Mamba scan (``mamba_mamba``)."""

from typing import Annotated

import torch
from torch import Tensor, nn

from tts.bounds import Bound, Channels, Count, Expansion, Kernel
from tts.modules.context import Context
from tts.modules.mamba import MambaCore
from tts.modules.positional import PositionalEncoding


class BidirectionalMamba(nn.Module):
    """Concatenate a forward and a backward scan; fuse them by one linear.

    ``(B, T, dim) -> (B, T, dim)``; every frame depends on all frames. ``expand``: inner channels
    of each scan per input channel; the other arguments as in :class:`MambaCore`.
    """

    def __init__(
        self,
        dim: int,
        expand: Expansion = 1.0,
        head_dim: Channels = 64,
        state: Annotated[int, Bound(least=2, most=4096)] = 32,
        kernel: Kernel = 4,
        chunk: Count = 32,
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        self.forward_mamba, self.backward_mamba = (
            MambaCore(dim, expand, head_dim, state, kernel, chunk, positional) for _ in range(2)
        )
        self.fuse = nn.Linear(self.forward_mamba.dim + self.backward_mamba.dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        reverse = self.backward_mamba(reverse_sequence(x, context.mask), context)
        reverse = reverse_sequence(reverse, context.mask)
        return self.fuse(torch.cat([self.forward_mamba(x, context), reverse], -1))


def reverse_sequence(x: Tensor, mask: Tensor) -> Tensor:
    """Reverse the real frames of ``x (B, T, C)`` in time; padding stays at the end."""
    index = torch.arange(x.shape[1], device=x.device)
    index = torch.where(mask, mask.sum(-1, keepdim=True) - 1 - index, index)
    return x.gather(1, index[..., None].expand_as(x))

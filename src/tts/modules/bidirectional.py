"""Mixers of two: a forward Mamba scan, and beside it what looks the other way."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tts.modules.context import Context
from tts.modules.conv import ConvCore
from tts.modules.mamba import MambaCore
from tts.modules.positional import NoPosition


class MambaConv(nn.Module):
    """A forward scan beside an anticausal convolution, fused by one linear. ``(B, T, dim)`` kept.

    Speech leans on what was said, without limit, and on a little of what comes next; so the scan
    runs forward alone and the way back is a convolution, at a fraction of a second scan's cost.
    ``mamba_expand`` and ``conv_expand``: inner channels of each per input channel; ``kernels``:
    frames of the convolution's scales; the rest as in :class:`MambaCore`.
    """

    def __init__(
        self,
        dim: int,
        mamba_expand: float = 1.0,
        conv_expand: float = 1.0,
        head_dim: int = 64,
        state: int = 32,
        kernel: int = 4,
        chunk: int = 32,
        kernels: Sequence[int] = (3, 7, 15, 31),
        positional: NoPosition | None = None,
    ) -> None:
        super().__init__()
        self.mamba = MambaCore(dim, mamba_expand, head_dim, state, kernel, chunk, positional)
        self.conv = ConvCore(dim, conv_expand, kernels, "anticausal")
        self.fuse = nn.Linear(self.mamba.dim + self.conv.dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self.fuse(torch.cat([self.mamba(x, context), self.conv(x, context)], -1))


class BidirectionalMamba(nn.Module):
    """A forward and a backward scan, fused by one linear. ``(B, T, dim)`` kept.

    For what is there as a whole, with no frame before another. ``expand``: inner channels of each
    scan per input channel; the rest as in :class:`MambaCore`.
    """

    def __init__(
        self,
        dim: int,
        expand: float = 1.0,
        head_dim: int = 64,
        state: int = 32,
        kernel: int = 4,
        chunk: int = 32,
        positional: NoPosition | None = None,
    ) -> None:
        super().__init__()
        self.forth, self.back = (
            MambaCore(dim, expand, head_dim, state, kernel, chunk, positional) for _ in range(2)
        )
        self.fuse = nn.Linear(self.forth.dim + self.back.dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        turned = self.back(reverse_sequence(x, context.mask), context)
        return self.fuse(
            torch.cat([self.forth(x, context), reverse_sequence(turned, context.mask)], -1)
        )


def reverse_sequence(x: Tensor, mask: Tensor) -> Tensor:
    """What is real of ``x (B, T, C)`` from its end to its start; padding stays where it is."""
    place = torch.arange(x.shape[1], device=x.device)
    place = torch.where(mask, mask.sum(-1, keepdim=True) - 1 - place, place)
    return x.gather(1, place[..., None].expand_as(x))

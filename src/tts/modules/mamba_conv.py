"""Hybrid mixer: a forward Mamba scan and a backward multi-scale convolution (``mamba_conv``)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tts.modules.context import Context
from tts.modules.conv import ConvCore
from tts.modules.mamba import MambaCore
from tts.modules.positional import PositionalEncoding


class MambaConv(nn.Module):
    """Concatenate a forward scan and an anticausal convolution; fuse them by one linear.

    ``(B, T, dim) -> (B, T, dim)``. A frame of speech depends on all frames before it and on a few
    after it, so the scan runs forward only, and the convolution costs a fraction of a second scan.
    ``mamba(dim=, positional=)`` makes the scan, ``conv(dim=, direction="anticausal")`` the
    convolution.
    """

    def __init__(
        self,
        dim: int,
        mamba: Callable[..., MambaCore],
        conv: Callable[..., ConvCore],
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        self.mamba = mamba(dim=dim, positional=positional)
        self.conv = conv(dim=dim, direction="anticausal")
        self.fuse = nn.Linear(self.mamba.dim + self.conv.dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self.fuse(torch.cat([self.mamba(x, context), self.conv(x, context)], -1))

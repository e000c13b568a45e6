"""Causal hybrid mixer: a Mamba scan beside causal self-attention (``mamba_attention``)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.modules.attention import CausalAttention, KeyValueState
from tts.modules.context import Context
from tts.modules.mamba import MambaCore, MambaState
from tts.modules.positional import PositionalEncoding


class MambaAttentionState(NamedTuple):
    """The states of the two halves."""

    mamba: MambaState
    attention: KeyValueState


class MambaAttention(nn.Module):
    """Concatenate a scan and causal attention; fuse them by one linear (after Dong et al. 2024,
    Hymba, section 2.1).

    ``(B, T, dim) -> (B, T, dim)``. The scan keeps a summary of all earlier frames, attention looks
    single ones up. ``mamba(dim=, positional=)`` makes the scan, ``attention(dim=, positional=)``
    the attention.
    """

    def __init__(
        self,
        dim: int,
        mamba: Callable[..., MambaCore],
        attention: Callable[..., CausalAttention],
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        self.mamba = mamba(dim=dim, positional=positional)
        self.attention = attention(dim=dim, positional=positional)
        self.fuse = nn.Linear(self.mamba.dim + dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self.fuse(torch.cat([self.mamba(x, context), self.attention(x, context)], -1))

    def initial_state(self, batch: int, context: Context | None = None) -> MambaAttentionState:
        return MambaAttentionState(
            self.mamba.initial_state(batch, context), self.attention.initial_state(batch, context)
        )

    def step(self, x: Tensor, state: MambaAttentionState) -> tuple[Tensor, MambaAttentionState]:
        """One frame ``(B, dim)``."""
        scanned, mamba = self.mamba.step(x, state.mamba)
        attended, attention = self.attention.step(x, state.attention)
        y = self.fuse(torch.cat([scanned, attended], -1))
        return y, MambaAttentionState(mamba, attention)

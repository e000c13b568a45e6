"""Cross-attention of a decoder over its memory, the encoded tokens (Vaswani et al. 2017).

:class:`CrossAttention` is the plain one and the base of those that remember where they were:
:mod:`tts.modules.windowed_attention`, :mod:`tts.modules.location_sensitive_attention` and
:mod:`tts.modules.monotonic_attention`. Legend: B utterances, H heads, T steps, N tokens, D channels
of a head.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.bounds import Heads
from tts.modules.attention import (
    checked_heads,
    dot_product_attention,
    join_heads,
    key_mask,
    split_heads,
)
from tts.modules.context import Context

MASKED = -1e4  # score of padding: finite, so that an empty window gives no NaN
LEAST = 1e-8  # weights below it count as it in a logarithm


class CrossState(NamedTuple):
    """What :meth:`CrossAttention.step` keeps between steps."""

    key: Tensor  # (B, H, N, D)
    value: Tensor  # (B, H, N, D)
    mask: Tensor  # (B, H, N) bool, tokens that each head may attend to
    weights: Tensor  # (B, H, N) of the last step, fp32
    track: Tensor  # the subclass's own memory of the earlier steps

    def reordered(self, rows: Tensor) -> "CrossState":
        """Return the state of rows ``(B,)`` that have the same memory as those they replace."""
        return self._replace(weights=self.weights[rows], track=self.track[rows])


class CrossAttention(nn.Module):
    """Multi-head attention of ``x (B, T, dim)`` over ``context.memory (B, N, memory_dim)``.

    ``memory_dim`` defaults to ``dim``; ``heads`` must divide ``dim`` into even parts. Log-weights
    go to ``context.report``, where that is a function. The first heads read by
    ``context.forced_alignment``, where that is given; their own weights are reported all the same.
    A subclass replaces how weights are made: :meth:`align` for all steps of a sequence,
    :meth:`next_weights` for one.
    """

    def __init__(self, dim: int, heads: Heads = 4, memory_dim: int | None = None) -> None:
        super().__init__()
        self.heads = checked_heads(dim, heads)
        self.query = nn.Linear(dim, dim)
        self.memory = nn.Linear(memory_dim or dim, 2 * dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        state = self.initial_state(len(x), context)
        (query,) = split_heads(self.query(x), 1, self.heads)
        fast = context.report is None and context.forced_alignment is None
        if fast and type(self) is CrossAttention:
            mask = key_mask(context.memory_mask) if context.memory_mask is not None else None
            y = dot_product_attention(query, state.key, state.value, mask)
            return self.output(join_heads(y))
        weights, log_weights = self.align(query, state)
        if context.report is not None:
            context.report(log_weights)
        if context.forced_alignment is not None:
            heads = min(context.forced_heads, self.heads)
            given = context.forced_alignment[:, None].to(weights.dtype)
            own = weights[:, :heads]
            read = torch.where(given.sum(-1, keepdim=True) > 0, given, own)
            weights = torch.cat([read, weights[:, heads:]], 1)
        return self.output(join_heads(weights.to(state.value.dtype) @ state.value))

    def initial_state(self, batch: int, context: Context | None = None) -> CrossState:
        if context is None or context.memory is None:
            raise ValueError(
                "cross-attention reads context.memory, which is None: pass Context(memory=...)"
            )
        key, value = split_heads(self.memory(context.memory), 2, self.heads)
        # else the products of each step would copy the keys and values of a batch
        key, value = key.contiguous(), value.contiguous()
        mask = context.memory_mask
        if mask is None:
            mask = torch.ones(key.shape[0], key.shape[2], dtype=torch.bool, device=key.device)
        weights = torch.zeros(key.shape[:3], device=key.device)
        heads = mask[:, None].expand(-1, self.heads, -1)
        return CrossState(key, value, heads, weights, self.initial_track(mask))

    def step(self, x: Tensor, state: CrossState) -> tuple[Tensor, CrossState]:
        """One step ``(B, dim) -> (B, dim)``."""
        query = self.query(x).view(len(x), self.heads, -1)  # (B, H, D)
        weights, track = self.next_weights(query, state)
        y = (weights[:, :, None].to(state.value.dtype) @ state.value)[:, :, 0]
        return self.output(y.flatten(1)), state._replace(weights=weights, track=track)

    def align(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        """Return the weights of all steps and their logarithms, ``(B, H, T, N)`` fp32 each.

        ``query (B, H, T, D)``.
        """
        log_weights = self.scores(query, state).log_softmax(-1)
        return log_weights.exp(), log_weights

    def next_weights(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        """Return the weights ``(B, H, N)`` fp32 of a step and its track. ``query (B, H, D)``."""
        return self.scores(query[:, :, None], state)[:, :, 0].softmax(-1), state.track

    def initial_track(self, mask: Tensor) -> Tensor:
        """Return the track before the first step. ``mask (B, N)``."""
        return torch.zeros(len(mask), device=mask.device)

    def restrict(self, state: CrossState, allowed: Tensor, heads: int) -> CrossState:
        """Let the first ``heads`` attend to the tokens of ``allowed (B, N)`` alone in a step."""
        first = allowed[:, None].expand(-1, min(heads, self.heads), -1)
        return state._replace(mask=torch.cat([first, state.mask[:, heads:]], 1))

    def scores(self, query: Tensor, state: CrossState) -> Tensor:
        """Return scaled products ``(B, H, T, N)`` fp32, MASKED at padding."""
        products = (query @ state.key.mT).float() * query.shape[-1] ** -0.5
        return products.masked_fill(~state.mask[:, :, None], MASKED)

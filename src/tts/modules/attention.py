"""Attention as a mixer: over the sequence itself, or over a memory."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.positional import NoPosition


class KeyValueState(NamedTuple):
    """Keys and values of the frames seen (self) or of the memory (cross)."""

    key: Tensor  # (B, H, S, D)
    value: Tensor  # (B, H, S, D)
    mask: Tensor | None = None  # (B, S) bool, cross-attention's padding


class SelfAttention(nn.Module):
    """Multi-head attention (Vaswani et al. 2017, section 3.2). ``(B, T, dim) -> (B, T, dim)``.

    ``heads`` must divide ``dim``. ``causal``: a frame sees itself and what came before, and
    :meth:`step` works. ``positional`` rotates queries and keys or biases their products.
    """

    def __init__(
        self,
        dim: int,
        heads: int = 4,
        causal: bool = False,
        positional: NoPosition | None = None,
    ) -> None:
        super().__init__()
        self.heads, self.causal = _checked_heads(dim, heads), causal
        self.position = positional or NoPosition()
        self.input = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        query, key, value = _split_heads(self.input(x), 3, self.heads)  # (B, H, T, D) each
        query, key = self.position.rotate(query), self.position.rotate(key)
        bias = self._bias(context.mask, query.dtype)
        # padding comes last, so a causal frame never sees it and needs no mask for it
        causal = self.causal and bias is None
        y = F.scaled_dot_product_attention(query, key, value, bias, is_causal=causal)
        return self.output(_join_heads(y))

    def _bias(self, mask: Tensor, dtype: torch.dtype) -> Tensor | None:
        """What SDPA adds to the logits (float) or lets pass (bool), broadcast to (B, H, T, T)."""
        size = mask.shape[1]
        slopes = self.position.slopes(self.heads)
        if slopes is None:
            return None if self.causal else _visible(mask)
        at = torch.arange(size, device=mask.device)
        distance = (at[:, None] - at).abs()
        bias = -slopes.to(mask.device)[:, None, None] * distance  # (H, T, T)
        if self.causal:
            bias = bias.masked_fill(at[:, None] < at, -torch.inf)[None]
        else:
            bias = torch.where(_visible(mask), bias, -torch.inf)
        return bias.to(dtype)

    def initial_state(self, batch: int, context: Context | None = None) -> KeyValueState:
        weight = self.input.weight
        empty = weight.new_empty(batch, self.heads, 0, weight.shape[1] // self.heads)
        return KeyValueState(empty, empty)

    def step(self, x: Tensor, state: KeyValueState) -> tuple[Tensor, KeyValueState]:
        """One frame ``(B, dim)``; the state grows by its key and value."""
        if not self.causal:
            raise UserError("attention steps frame by frame only when built with causal=true")
        seen = state.key.shape[2]
        query, key, value = _split_heads(self.input(x[:, None]), 3, self.heads)
        query, key = self.position.rotate(query, seen), self.position.rotate(key, seen)
        state = KeyValueState(
            torch.cat([state.key.to(key.dtype), key], 2),
            torch.cat([state.value.to(value.dtype), value], 2),
        )
        slopes = self.position.slopes(self.heads)
        bias = None
        if slopes is not None:
            distance = torch.arange(seen, -1, -1, device=x.device)
            bias = (-slopes.to(x.device)[:, None] * distance)[None, :, None].to(query.dtype)
        y = F.scaled_dot_product_attention(query, state.key, state.value, bias)
        return self.output(_join_heads(y))[:, 0], state


class CrossAttention(nn.Module):
    """Attention of ``x (B, T, dim)`` over ``context.memory (B, S, memory_dim)``.

    ``memory_dim`` defaults to ``dim``; ``heads`` must divide ``dim``.
    """

    def __init__(self, dim: int, heads: int = 4, memory_dim: int | None = None) -> None:
        super().__init__()
        self.heads = _checked_heads(dim, heads)
        self.query = nn.Linear(dim, dim)
        self.memory = nn.Linear(memory_dim or dim, 2 * dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self._attend(x, self.initial_state(len(x), context))

    def initial_state(self, batch: int, context: Context | None = None) -> KeyValueState:
        if context is None or context.memory is None:
            raise ValueError("cross-attention needs context.memory")
        key, value = _split_heads(self.memory(context.memory), 2, self.heads)
        return KeyValueState(key, value, context.memory_mask)

    def step(self, x: Tensor, state: KeyValueState) -> tuple[Tensor, KeyValueState]:
        """One frame ``(B, dim)``; the memory's keys and values stay."""
        return self._attend(x[:, None], state)[:, 0], state

    def _attend(self, x: Tensor, state: KeyValueState) -> Tensor:
        (query,) = _split_heads(self.query(x), 1, self.heads)
        mask = None if state.mask is None else _visible(state.mask)
        y = F.scaled_dot_product_attention(query, state.key, state.value, mask)
        return self.output(_join_heads(y))


def _checked_heads(dim: int, heads: int) -> int:
    if dim % heads or (dim // heads) % 2:
        raise UserError(f"attention heads={heads} must divide dim={dim} into even parts")
    return heads


def _split_heads(x: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """``(B, T, parts * H * D)`` -> ``parts`` times ``(B, H, T, D)``."""
    batch, size, _ = x.shape
    return x.view(batch, size, parts, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)


def _join_heads(x: Tensor) -> Tensor:
    """``(B, H, T, D)`` -> ``(B, T, H * D)``."""
    return x.transpose(1, 2).flatten(2)


def _visible(mask: Tensor) -> Tensor:
    """``(B, S)`` -> ``(B, 1, 1, S)``: every query sees the real keys."""
    return mask[:, None, None]

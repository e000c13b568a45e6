"""Multi-head self-attention (Vaswani et al. 2017, section 3.2).

RoPE rotates queries and keys, ALiBi adds a bias to their products; see
:mod:`tts.modules.positional`.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from tts.bounds import Heads
from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.positional import NoPosition, PositionalEncoding

FIRST_ROOM = 64  # frames of a state at first


class KeyValueState(NamedTuple):
    """Keys and values of the frames so far.

    The tensors have room for later frames and are written in place: a state goes on once.
    """

    key: Tensor  # (B, H, room, D)
    value: Tensor  # (B, H, room, D)
    length: int = 0  # frames that are written

    def reordered(self, rows: Tensor) -> "KeyValueState":
        """Copy the rows ``(B,)`` of the written frames in place."""
        for frames in (self.key, self.value):
            frames[:, :, : self.length] = frames[rows, :, : self.length]
        return self


class SelfAttention(nn.Module):
    """Self-attention mixer. ``(B, T, dim) -> (B, T, dim)``.

    ``heads`` must divide ``dim`` into even parts. ``causal``: a frame attends to itself and to
    earlier frames, which :meth:`step` needs.
    """

    def __init__(
        self,
        dim: int,
        heads: Heads = 4,
        causal: bool = False,
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        self.heads, self.causal = checked_heads(dim, heads), causal
        self.position = (positional or PositionalEncoding()).for_attention()
        self.input = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)

    @property
    def knows_order(self) -> bool:
        """Whether anything tells two orders of the same frames apart."""
        return self.causal or type(self.position) not in (PositionalEncoding, NoPosition)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        query, key, value = split_heads(self.input(x), 3, self.heads)  # (B, H, T, D) each
        query, key = self.position.rotate(query), self.position.rotate(key)
        bias = self._bias(context.mask, query.dtype)
        # padding comes last, so causal attention of real frames never reaches it
        causal = self.causal and bias is None
        y = dot_product_attention(query, key, value, bias, causal)
        return self.output(join_heads(y))

    def _bias(self, mask: Tensor, dtype: torch.dtype) -> Tensor | None:
        """Return the ``attn_mask`` of SDPA, float or bool, broadcastable to (B, H, T, T)."""
        size = mask.shape[1]
        slopes = self.position.slopes(self.heads)
        if slopes is None:
            return None if self.causal else key_mask(mask)
        position = torch.arange(size, device=mask.device)
        distance = (position[:, None] - position).abs()
        bias = -slopes.to(mask.device)[:, None, None] * distance  # (H, T, T)
        if self.causal:
            bias = bias.masked_fill(position[:, None] < position, -torch.inf)[None]
        else:
            bias = torch.where(key_mask(mask), bias, -torch.inf)
        return bias.to(dtype)

    def initial_state(self, batch: int, context: Context | None = None) -> KeyValueState:
        weight = self.input.weight
        shape = (batch, self.heads, FIRST_ROOM, weight.shape[1] // self.heads)
        return KeyValueState(weight.new_zeros(shape), weight.new_zeros(shape))

    def step(self, x: Tensor, state: KeyValueState) -> tuple[Tensor, KeyValueState]:
        """One frame ``(B, dim) -> (B, dim)``; the state grows by its key and value."""
        if not self.causal:
            raise UserError("attention runs frame by frame only if it is causal")
        start = state.length  # index of this frame
        parts = self.input(x).view(len(x), 3, self.heads, -1)  # (B, 3, H, D)
        query, key = self.position.rotate_at(parts[:, :2], start).unbind(1)
        keys, values = _with_room(state.key, start), _with_room(state.value, start)
        keys[:, :, start], values[:, :, start] = key, parts[:, 2]
        state = KeyValueState(keys, values, start + 1)
        keys, values = (x[:, :, : start + 1].to(query.dtype) for x in (keys, values))
        slopes = self.position.slopes(self.heads)
        bias = None
        if slopes is not None:
            distance = torch.arange(start, -1, -1, device=x.device)
            bias = (-slopes.to(x.device)[:, None] * distance)[None, :, None].to(query.dtype)
        y = F.scaled_dot_product_attention(query[:, :, None], keys, values, bias)
        return self.output(y.flatten(1)), state


def _with_room(frames: Tensor, length: int) -> Tensor:
    """Return ``(B, H, room, D)`` with room for one more frame than ``length``, doubled if full."""
    if length < frames.shape[2]:
        return frames
    return torch.cat([frames, torch.zeros_like(frames)], 2)


class CausalAttention(SelfAttention):
    """:class:`SelfAttention` to this frame and earlier ones, the mixer of decoders."""

    def __init__(
        self, dim: int, heads: Heads = 4, positional: PositionalEncoding | None = None
    ) -> None:
        super().__init__(dim, heads, True, positional)


def dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, causal: bool = False
) -> Tensor:
    """Return torch's ``scaled_dot_product_attention`` of ``(B, H, T, D)`` each.

    Its bf16 gradients on CPUs take four times as long as its fp32 ones (torch 2.11, AVX-512).
    """
    bf16 = torch.bfloat16 in (query.dtype, value.dtype)
    if not (bf16 and query.device.type == "cpu" and torch.is_grad_enabled()):
        return F.scaled_dot_product_attention(query, key, value, mask, is_causal=causal)
    if mask is not None and mask.is_floating_point():
        mask = mask.float()
    with torch.autocast("cpu", enabled=False):
        y = F.scaled_dot_product_attention(
            query.float(), key.float(), value.float(), mask, is_causal=causal
        )
    return y.to(value.dtype)


def checked_heads(dim: int, heads: int) -> int:
    """Return ``heads``. Raises UserError where they do not divide ``dim`` into even parts."""
    if dim % heads or (dim // heads) % 2:
        raise UserError(f"attention: heads={heads} must divide dim={dim} into even parts")
    return heads


def split_heads(x: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """``(B, T, parts H D)`` -> ``parts`` tensors ``(B, H, T, D)``."""
    return rearrange(x, "b t (parts h d) -> parts b h t d", parts=parts, h=heads).unbind(0)


def join_heads(x: Tensor) -> Tensor:
    return rearrange(x, "b h t d -> b t (h d)")


def key_mask(mask: Tensor) -> Tensor:
    """Let every query attend to the real keys: ``(B, S) -> (B, 1, 1, S)``."""
    return mask[:, None, None]

"""The one backbone: blocks of a mixer and a feed-forward, each residual and pre-normalized."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.dropout import Dropout, DropPath
from tts.modules.film import FiLM
from tts.modules.positional import NoPosition

__all__ = ["Block", "Context", "Residual", "Stack", "StackState"]


class StackState(NamedTuple):
    """All that :meth:`Stack.step` needs to know of the frames before."""

    position: int  # frames seen
    blocks: tuple[tuple[Any, ...], ...]  # per block, per sublayer that has a state
    style: Tensor | None  # (B, D)


class Residual(nn.Module):
    """``x + drop(layer(film(norm(x))))``: what every sublayer of a block has in common."""

    def __init__(
        self,
        dim: int,
        layer: nn.Module,
        norm: Callable[[int], nn.Module],
        style_dim: int | None,
        dropout: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.norm: nn.Module = norm(dim)
        self.film = FiLM(style_dim, dim) if style_dim is not None else None
        self.layer: Any = layer  # a mixer may have step, a feed-forward has none
        self.drop = nn.Sequential(Dropout(dropout), DropPath(drop_path))

    def prepare(self, x: Tensor, style: Tensor | None) -> Tensor:
        """Normalized and modulated input of the layer."""
        x = self.norm(x)
        if self.film is None:
            return x
        if style is None:
            raise ValueError("this stack was built with style_dim and needs context.style")
        return self.film(x, style)

    def forward(self, x: Tensor, context: Context, *arguments: Any) -> Tensor:
        return x + self.drop(self.layer(self.prepare(x, context.style), *arguments))

    def step(self, x: Tensor, style: Tensor | None, state: Any) -> tuple[Tensor, Any]:
        y, state = self.layer.step(self.prepare(x, style), state)
        return x + y, state


class Block(nn.Module):
    """Mixer, then cross-attention if there is any, then feed-forward if there is any."""

    def __init__(
        self,
        mixer: Residual,
        cross: Residual | None,
        feed_forward: Residual | None,
    ) -> None:
        super().__init__()
        self.mixer, self.cross, self.feed_forward = mixer, cross, feed_forward

    def forward(self, x: Tensor, context: Context) -> Tensor:
        x = self.mixer(x, context, context)
        if self.cross is not None:
            x = self.cross(x, context, context)
        if self.feed_forward is not None:
            x = self.feed_forward(x, context)
        return x

    def initial_state(self, batch: int, context: Context | None) -> tuple[Any, ...]:
        parts = (self.mixer,) if self.cross is None else (self.mixer, self.cross)
        for part in parts:
            if not hasattr(part.layer, "initial_state"):
                name = type(part.layer).__name__
                raise UserError(
                    f"{name} looks ahead and cannot run frame by frame: use a causal mixer"
                )
        return tuple(part.layer.initial_state(batch, context) for part in parts)

    def step(
        self, x: Tensor, style: Tensor | None, state: tuple[Any, ...]
    ) -> tuple[Tensor, tuple[Any, ...]]:
        x, mixed = self.mixer.step(x, style, state[0])
        after = [mixed]
        if self.cross is not None:
            x, crossed = self.cross.step(x, style, state[1])
            after.append(crossed)
        if self.feed_forward is not None:
            x = x + self.feed_forward.layer(self.feed_forward.prepare(x, style))
        return x, tuple(after)


class Stack(nn.Module):
    """``depth`` blocks and a last norm. ``(B, T, dim) -> (B, T, dim)``, zero where padded.

    ``mixer(dim=dim, positional=position)`` makes the mixer of a block, ``feed_forward(dim=dim)``
    its other half (None: mixers alone), ``cross(dim=dim)`` a cross-attention between the two
    (None: none). ``positional()`` makes the order's object, see :mod:`tts.modules.positional`
    (None: none). With ``style_dim`` every sublayer is FiLM-modulated by ``context.style``.
    ``dropout`` acts on every sublayer's output; ``drop_path`` is the last block's probability, and
    earlier ones rise to it linearly. ``norm(dim)`` makes the norms.
    """

    def __init__(
        self,
        dim: int,
        depth: int,
        mixer: Callable[..., nn.Module],
        feed_forward: Callable[..., nn.Module] | None = None,
        positional: Callable[[], NoPosition] | None = None,
        cross: Callable[..., nn.Module] | None = None,
        style_dim: int | None = None,
        dropout: float = 0.1,
        drop_path: float = 0.0,
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.position: NoPosition = positional() if positional is not None else NoPosition()
        self.blocks: Any = nn.ModuleList()
        for index in range(depth):
            rate = drop_path * index / max(depth - 1, 1)

            def residual(layer: nn.Module, rate: float = rate) -> Residual:
                return Residual(dim, layer, norm, style_dim, dropout, rate)

            self.blocks.append(
                Block(
                    residual(mixer(dim=dim, positional=self.position)),
                    residual(cross(dim=dim)) if cross is not None else None,
                    residual(feed_forward(dim=dim)) if feed_forward is not None else None,
                )
            )
        self.norm = norm(dim)
        self.checkpointing = False  # less memory for a second forward pass: only blocks' ends kept

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """``x (B, T, dim)``; ``context.mask (B, T)``."""
        x = self.position.add(x)
        again = self.checkpointing and torch.is_grad_enabled()
        for block in self.blocks:
            x = checkpoint(block, x, context, use_reentrant=False) if again else block(x, context)
        return self.norm(x) * context.mask[..., None]

    def initial_state(
        self,
        batch: int,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        style: Tensor | None = None,
    ) -> StackState:
        """The state before the first frame; memory and style stay what they are from here on."""
        mask = torch.ones(batch, 0, dtype=torch.bool)
        context = Context(mask, memory, memory_mask, style)
        blocks = tuple(block.initial_state(batch, context) for block in self.blocks)
        return StackState(0, blocks, style)

    def step(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """One frame ``x (B, dim)`` and the state before it -> its output and the state after."""
        x = self.position.add(x[:, None], state.position)[:, 0]
        after = []
        for block, before in zip(self.blocks, state.blocks, strict=True):
            x, new = block.step(x, state.style, before)
            after.append(new)
        return self.norm(x), StackState(state.position + 1, tuple(after), state.style)

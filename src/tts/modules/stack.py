"""Stack, the backbone of every model: residual pre-norm blocks of a mixer and a feed-forward."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tts.bounds import Depth, Probability
from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.dropout import Dropout, DropPath
from tts.modules.film import FiLM, Modulation, modulate
from tts.modules.positional import PositionalEncoding

__all__ = ["Block", "Context", "MixerWithCross", "Residual", "Stack", "StackState"]

LayerState = Any  # each layer's own type, such as MambaState; opaque to the stack


@runtime_checkable
class StepLayer(Protocol):
    """A mixer or cross-attention that can run frame by frame."""

    def initial_state(self, batch: int, context: Context | None) -> LayerState: ...

    def step(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState]: ...


class StackState(NamedTuple):
    """What :meth:`Stack.step` keeps between frames."""

    position: int  # index of the next frame
    blocks: tuple[tuple[LayerState, ...], ...]  # per block: its mixer's, its cross-attention's
    modulations: tuple["BlockModulation", ...]  # of the utterance's style


class BlockModulation(NamedTuple):
    """Modulation of each sublayer of a block; None: it has none, or there is no such sublayer."""

    mixer: Modulation | None
    cross: Modulation | None
    feed_forward: Modulation | None


class MixerWithCross(NamedTuple):
    """Factories of a decoder block's layers: ``mixer(dim=, positional=)`` and ``cross(dim=)``."""

    mixer: Callable[..., nn.Module]
    cross: Callable[..., nn.Module]


class Residual(nn.Module):
    """Residual sublayer of a block: ``x + dropout(layer(film(norm(x))))``."""

    def __init__(
        self, dim: int, layer: nn.Module, style_dim: int | None, dropout: float, drop_path: float
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.film = FiLM(style_dim, dim) if style_dim is not None else None
        self.layer = layer
        self.drop = nn.Sequential(Dropout(dropout), DropPath(drop_path))

    def modulation(self, style: Tensor | None) -> Modulation | None:
        """Return the modulation by a style ``(B, style_dim)``; None without FiLM."""
        if self.film is None:
            return None
        if style is None:
            raise ValueError("context.style is None, but this stack was built with style_dim")
        return self.film.modulation(style)

    def modulated_norm(self, x: Tensor, modulation: Modulation | None) -> Tensor:
        """Normalize ``x (B, T, dim)`` or ``(B, dim)``, then modulate it."""
        x = self.norm(x)
        return x if modulation is None else modulate(x, modulation)

    def forward(self, x: Tensor, style: Tensor | None, *layer_arguments: Context) -> Tensor:
        y = self.modulated_norm(x, self.modulation(style))
        return x + self.drop(self.layer(y, *layer_arguments))

    def initial_state(self, batch: int, context: Context | None) -> LayerState:
        if not isinstance(self.layer, StepLayer):
            raise UserError(
                f"{type(self.layer).__name__} depends on later frames and cannot run frame by "
                "frame: use a causal mixer"
            )
        return self.layer.initial_state(batch, context)

    def step(
        self, x: Tensor, modulation: Modulation | None, state: LayerState
    ) -> tuple[Tensor, LayerState]:
        y, state = cast(StepLayer, self.layer).step(self.modulated_norm(x, modulation), state)
        return x + y, state


class Block(nn.Module):
    """Mixer, then cross-attention if there is one, then feed-forward if there is one."""

    def __init__(
        self,
        mixer: Residual,
        cross: Residual | None,
        feed_forward: Residual | None,
    ) -> None:
        super().__init__()
        self.mixer, self.cross, self.feed_forward = mixer, cross, feed_forward

    def forward(self, x: Tensor, context: Context) -> Tensor:
        x = self.mixer(x, context.style, context)
        if self.cross is not None:
            x = self.cross(x, context.style, context)
        if self.feed_forward is not None:
            x = self.feed_forward(x, context.style)
        return x

    def initial_state(self, batch: int, context: Context | None) -> tuple[LayerState, ...]:
        layers = (self.mixer,) if self.cross is None else (self.mixer, self.cross)
        return tuple(layer.initial_state(batch, context) for layer in layers)

    def modulation(self, style: Tensor | None) -> BlockModulation:
        return BlockModulation(
            self.mixer.modulation(style),
            self.cross.modulation(style) if self.cross is not None else None,
            self.feed_forward.modulation(style) if self.feed_forward is not None else None,
        )

    def step(
        self, x: Tensor, modulation: BlockModulation, states: tuple[LayerState, ...]
    ) -> tuple[Tensor, tuple[LayerState, ...]]:
        x, mixer_state = self.mixer.step(x, modulation.mixer, states[0])
        after = [mixer_state]
        if self.cross is not None:
            x, cross_state = self.cross.step(x, modulation.cross, states[1])
            after.append(cross_state)
        if self.feed_forward is not None:
            y = self.feed_forward.modulated_norm(x, modulation.feed_forward)
            x = x + self.feed_forward.layer(y)
        return x, tuple(after)


class Stack(nn.Module):
    """``depth`` blocks and a final norm. ``(B, T, dim) -> (B, T, dim)``, 0 at padding.

    ``mixer(dim=, positional=)`` makes a block's mixer, ``feed_forward(dim=)`` its feed-forward
    (None: none); a :class:`MixerWithCross` adds cross-attention between the two. ``positional()``
    makes the encoding that all blocks share (None: none). ``style_dim``: FiLM modulates every
    sublayer by ``context.style (B, style_dim)``. ``dropout`` acts on the output of every sublayer;
    ``drop_path`` is the probability of the last block, from 0 in the first block it rises linearly.
    """

    def __init__(
        self,
        dim: int,
        depth: Depth,
        mixer: Callable[..., nn.Module] | MixerWithCross,
        feed_forward: Callable[..., nn.Module] | None = None,
        positional: Callable[[], PositionalEncoding] | None = None,
        style_dim: int | None = None,
        dropout: Probability = 0.1,
        drop_path: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.position = positional() if positional is not None else PositionalEncoding()
        make_mixer, make_cross = mixer if isinstance(mixer, MixerWithCross) else (mixer, None)
        blocks = []
        for index in range(depth):
            rate = drop_path * index / max(depth - 1, 1)

            def residual(layer: nn.Module, rate: float = rate) -> Residual:
                return Residual(dim, layer, style_dim, dropout, rate)

            blocks.append(
                Block(
                    residual(make_mixer(dim=dim, positional=self.position)),
                    residual(make_cross(dim=dim)) if make_cross is not None else None,
                    residual(feed_forward(dim=dim)) if feed_forward is not None else None,
                )
            )
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(dim)
        self.checkpointing = False  # recompute activations inside blocks during backward

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """``x (B, T, dim)``; ``context.mask (B, T)``."""
        x = self.position.add(x)
        recompute = self.checkpointing and torch.is_grad_enabled()
        unaligned = len(self.blocks) - context.aligned_blocks
        for index, block in enumerate(self.blocks):
            given = context
            if index < unaligned:
                given = context._replace(report=None, forced_alignment=None)
            x = checkpoint(block, x, given, use_reentrant=False) if recompute else block(x, given)
        return self.norm(x) * context.mask[..., None]

    def initial_state(
        self,
        batch: int,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        style: Tensor | None = None,
    ) -> StackState:
        """Return the state before the first frame; memory and style are those of all frames."""
        mask = torch.ones(batch, 0, dtype=torch.bool)
        context = Context(mask, memory, memory_mask, style)
        blocks = tuple(block.initial_state(batch, context) for block in self._blocks())
        modulations = tuple(block.modulation(style) for block in self._blocks())
        return StackState(0, blocks, modulations)

    def step(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """One frame ``x (B, dim)`` and the state before it -> its output and the state after."""
        x = self.position.add(x[:, None], state.position)[:, 0]
        after = []
        layers = zip(self._blocks(), state.modulations, state.blocks, strict=True)
        for block, modulation, before in layers:
            x, new = block.step(x, modulation, before)
            after.append(new)
        return self.norm(x), StackState(state.position + 1, tuple(after), state.modulations)

    def _blocks(self) -> list[Block]:
        return cast(list[Block], list(self.blocks))

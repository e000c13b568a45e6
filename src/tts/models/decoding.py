"""Decoding loop of an autoregressive model: one decoder step after another."""

import math
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from tts.models.spoken_path import Progress
from tts.modules.context import Context
from tts.modules.cross_attention import CrossAttention
from tts.modules.prenet import Prenet
from tts.modules.stack import Stack, StackState

FIXED_SEED = 1  # of the prenet's dropout where nothing else is random
SECONDS_PER_TOKEN = 0.25  # longest speech, in the mean; natural speech takes about 0.08 s
STUCK = 1.5  # seconds at one token after which speech has failed
STUCK_IN_ORDER = 0.5  # seconds after which a forced reading moves on


class StepModel(Protocol):
    """What speaking needs of an autoregressive model."""

    decoder: Stack
    prenet: Prenet
    stop: nn.Linear
    first_frame: nn.Parameter  # (M,)
    frames_per_step: int
    frames_per_second: float
    max_length: float  # seconds

    def heads(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, S, dim)`` -> mean and log-variance ``(B, S * r, M)``."""
        ...

    def attended(self, state: StackState) -> Tensor:
        """Return the alignment of the last step, ``(B, N)``."""
        ...


class SpeakingNoise(NamedTuple):
    """What makes two takes of a text differ."""

    temperature: float  # scale of the predicted standard deviation; 0: the mean
    generator: torch.Generator | None  # of the noise; None = torch's own
    candidates: int = 1  # takes of each utterance, of which the best is kept
    seed: int = FIXED_SEED  # of the prenet's dropout at temperature 0: a text repeats exactly


class Step(NamedTuple):
    """What a decoder step wrote for each of B utterances."""

    frames: Tensor  # (B, r, M) normalized, before the postnet
    attention: Tensor  # (B, N)
    log_likelihood: Tensor  # (B,) nats, the mean over frames and bands
    active: Tensor  # (B,) bool, whether the utterance had not ended before
    stopped: Tensor  # (B,) bool, whether it ends here, at a predicted stop


def decode(
    model: StepModel,
    context: Context,
    noise: SpeakingNoise,
    in_order: bool = False,
    rescue: bool = False,
) -> Iterator[Step]:
    """Yield steps until every utterance has stopped, is stuck or is too long.

    ``context``: memory, mask and style. ``in_order``: each step may only attend to this token and
    the next ones. ``rescue``: in order from where the first utterance is stuck or stops before its
    end.
    """
    assert context.memory is not None
    assert context.memory_mask is not None
    memory, mask = context.memory, context.memory_mask
    generator = noise.generator
    if noise.temperature == 0:
        generator = torch.Generator(memory.device).manual_seed(noise.seed)
    steps_per_second = model.frames_per_second / model.frames_per_step
    stuck, stuck_in_order = (
        max(round(seconds * steps_per_second), 1) for seconds in (STUCK, STUCK_IN_ORDER)
    )
    progress = Progress(mask, stuck_in_order if in_order else stuck)
    seconds = min(SECONDS_PER_TOKEN * mask.shape[1] + 1.0, model.max_length)

    state = model.decoder.initial_state(len(memory), memory, mask, context.style)
    frame = model.first_frame.expand(len(memory), -1)
    ended = torch.zeros(len(memory), dtype=torch.bool, device=memory.device)
    for _ in range(max(round(seconds * steps_per_second), 1)):
        if in_order:
            state = _restricted(model, state, progress.allowed())
        x, state = model.decoder.step(model.prenet(frame, generator), state)
        frames, log_likelihood = _written(model, x, noise.temperature, generator)
        frame = frames[:, -1]
        attention = model.attended(state)
        progress.move(attention)
        stop = model.stop(x)[:, 0] > 0
        if rescue and not in_order and ((progress.stuck | stop) & ~progress.at_end).any():
            in_order, progress.longest = True, stuck_in_order
        if in_order:  # a stop in the middle of the text is one of the failures
            stop = (stop & progress.at_end) | progress.finished
        yield Step(frames, attention, log_likelihood, ~ended, stop & ~ended)
        ended = ended | stop | (progress.stuck & (not in_order))
        if ended.all():
            return


def _written(
    model: StepModel, x: Tensor, temperature: float, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """``(B, dim)`` -> sampled frames ``(B, r, M)`` and their log-likelihood ``(B,)``."""
    frames, log_variance = model.heads(x[:, None])
    density = log_variance + math.log(2 * math.pi)
    if temperature:
        normal = torch.randn(frames.shape, generator=generator, device=frames.device)
        normal = temperature * normal
        frames = frames + (0.5 * log_variance).exp() * normal
        density = density + normal.square()
    return frames, -0.5 * density.mean((1, 2))


def _restricted(model: StepModel, state: StackState, allowed: Tensor) -> StackState:
    """Let the next step of all cross-attentions read the tokens of ``allowed (B, N)`` alone."""
    blocks = []
    for block, (mixer, cross) in zip(model.decoder.blocks, state.blocks, strict=True):
        layer = block.cross.layer  # type: ignore[union-attr]
        assert isinstance(layer, CrossAttention)
        blocks.append((mixer, layer.restrict(cross, allowed)))
    return state._replace(blocks=tuple(blocks))

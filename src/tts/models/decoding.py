"""Decoding loop of an autoregressive model: one decoder step after another."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from tts.models.sampling import Sampling
from tts.models.spoken_path import STEP, Progress
from tts.modules.context import Context
from tts.modules.cross_attention import CrossAttention
from tts.modules.prenet import Prenet
from tts.modules.reorder import reordered
from tts.modules.stack import Stack, StackState

SECONDS_PER_TOKEN = 0.25  # longest speech, in the mean; natural speech takes about 0.08 s
TOKENS_PER_SECOND = 25.0  # of the fastest speech
STUCK = 1.5  # seconds at one token after which speech has failed
STUCK_IN_ORDER = 0.5  # seconds after which a forced reading moves on
REMEMBERED = 20  # steps in a history


class History(NamedTuple):
    """What a step knows of those before it."""

    step: int  # index of this one
    after_end: Tensor  # (B,) int64 steps since the last one of the utterance, 0 up to it
    recent: Sequence[Tensor]  # (B, r, ...) frames of the last steps


class StepModel(Protocol):
    """What speaking needs of an autoregressive model."""

    decoder: Stack
    prenet: Prenet
    stop: nn.Linear
    first_frame: nn.Parameter  # (C,)
    frames_per_step: int
    frames_per_second: float
    max_length: float  # seconds
    forced_order: bool  # whether every take is read in order
    alignment_layers: int  # the last ones; their first heads carry the alignment
    alignment_heads: int
    delay: int  # steps until all of a step's frames are written

    def write(
        self, x: Tensor, history: History, sampling: Sampling, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """``(B, dim)`` -> the frames ``(B, r, ...)`` of a step, their log-likelihood ``(B,)``."""
        ...

    def next_input(self, frames: Tensor) -> Tensor:
        """Return what the prenet reads after the frames of a step, ``(B, C)``."""
        ...

    def complete(self, steps: Iterator[Tensor]) -> Iterator[Tensor]:
        """Yield the frames of ``steps``, each as soon as it is complete."""
        ...

    def attended(self, state: StackState) -> Tensor:
        """Return the alignment of the last step, ``(B, N)``."""
        ...


class Step(NamedTuple):
    """What a decoder step wrote for each of B utterances."""

    frames: Tensor  # (B, r, ...)
    attention: Tensor  # (B, N)
    log_likelihood: Tensor  # (B,) nats, the mean over the values of its frames
    active: Tensor  # (B,) bool, whether the utterance had not ended before
    stopped: Tensor  # (B,) bool, whether it ends here, at a predicted stop


def decode(
    model: StepModel,
    context: Context,
    sampling: Sampling,
    in_order: bool = False,
    rescue: bool = False,
) -> Iterator[Step]:
    """Yield steps until every utterance has stopped, is stuck or is too long.

    ``context``: memory, mask and style. ``in_order``: the heads that carry the alignment may only
    attend to this token and the next ones. ``rescue``: in order from where the first utterance is
    stuck or stops before its end.
    """
    run = DecoderRun(model, context, sampling, in_order, rescue)
    recent: deque[Tensor] = deque(maxlen=REMEMBERED)
    x = run.first_input
    while not run.done:
        y = run.step(x)
        frames, log_likelihood = model.write(y, run.history(recent), sampling, run.generator)
        yield Step(frames, run.attention, log_likelihood, ~run.ended, run.stop & ~run.ended)
        run.end_step()
        recent.append(frames)
        x = model.next_input(frames)


class DecoderRun:
    """Decoder of B utterances, and where each of them is in its text. Arguments: see decode."""

    def __init__(
        self, model: StepModel, context: Context, sampling: Sampling, in_order: bool, rescue: bool
    ) -> None:
        assert context.memory is not None
        assert context.memory_mask is not None
        memory, mask = context.memory, context.memory_mask
        self.model, self.in_order, self.rescue = model, in_order, rescue
        self.generator = sampling.generator_on(memory.device)
        per_second = model.frames_per_second / model.frames_per_step
        self.stuck_in_order = max(round(STUCK_IN_ORDER * per_second), 1)
        longest = self.stuck_in_order if in_order else max(round(STUCK * per_second), 1)
        reach = max(STEP, math.ceil(TOKENS_PER_SECOND / per_second))
        self.progress = Progress(mask, longest, reach)
        seconds = (SECONDS_PER_TOKEN * mask.sum(-1) + 1.0).clamp(max=model.max_length)
        self.limit = (seconds * per_second).round().clamp(min=1)  # (B,) steps
        self.takes = sampling.candidates
        self.state = model.decoder.initial_state(len(memory), memory, mask, context.style)
        self.first_input = model.first_frame.expand(len(memory), -1)
        self.ended = torch.zeros(len(memory), dtype=torch.bool, device=memory.device)
        self.after_end = torch.zeros_like(self.ended, dtype=torch.int64)
        self.attention = self.stop = self.ended  # of the last step
        self.done = False

    def step(self, x: Tensor) -> Tensor:
        """Run one step on what the prenet reads ``(B, C)``; return its output ``(B, dim)``."""
        if self.in_order:
            self.state = _restricted(self.model, self.state, self.progress.allowed())
        x = self.model.prenet(x, self.generator, self.takes)
        x, self.state = self.model.decoder.step(x, self.state)
        self.attention = self.model.attended(self.state)
        self.progress.move(self.attention)
        stop, progress = self.model.stop(x)[:, 0] > 0, self.progress
        if self.rescue and not self.in_order:
            lost = (progress.stuck | stop) & ~progress.at_end & ~self.ended
            if lost.any():
                self.in_order, progress.longest = True, self.stuck_in_order
        if self.in_order:  # a stop in the middle of the text is one of the failures
            stop = (stop & progress.at_end) | progress.finished
        self.stop = stop
        return x

    def history(self, recent: Sequence[Tensor]) -> History:
        """Return the history of the last step; ``recent``: the frames before it."""
        return History(self.state.position - 1, self.after_end, recent)

    def reorder(self, rows: Tensor) -> None:
        """Go on with ``rows (B,)``, which read the same texts as those they replace."""
        self.state = self.state._replace(blocks=reordered(self.state.blocks, rows))
        self.progress.reorder(rows)
        self.ended, self.after_end = self.ended[rows], self.after_end[rows]
        self.attention, self.stop = self.attention[rows], self.stop[rows]

    def end_step(self) -> None:
        """Find the utterances that end at the last step, and whether all are complete."""
        stuck = self.progress.stuck & (not self.in_order)
        self.ended = self.ended | self.stop | stuck | (self.state.position >= self.limit)
        self.after_end = torch.where(self.ended, self.after_end + 1, 0)
        self.done = bool((self.after_end > self.model.delay).all())


def _restricted(model: StepModel, state: StackState, allowed: Tensor) -> StackState:
    """Let the heads that carry the alignment read the tokens of ``allowed (B, N)`` alone next.

    The others have never been shown where to read, and what they see elsewhere helps them.
    """
    first = len(state.blocks) - model.alignment_layers
    blocks = list(state.blocks)
    for index in range(first, len(blocks)):
        layer = model.decoder.blocks[index].cross.layer  # type: ignore[union-attr]
        assert isinstance(layer, CrossAttention)
        mixer, cross = blocks[index]
        blocks[index] = mixer, layer.restrict(cross, allowed, model.alignment_heads)
    return state._replace(blocks=tuple(blocks))

"""Speaking with an autoregressive model: the loop over decoder steps, and what to do if it fails."""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.models.spoken_path import REST, Reading, failure
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


class Spoken(NamedTuple):
    """Utterances as the decoder wrote them."""

    mel: Tensor  # (B, T, M) normalized, before the postnet
    attention: Tensor  # (B, S, N)
    steps: Tensor  # (B,) int64 decoder steps, the last one included
    stopped: Tensor  # (B,) bool, whether the stop was predicted


def speak(
    model: StepModel,
    context: Context,
    noise: SpeakingNoise,
    seed: int = FIXED_SEED,
    in_order: bool = False,
) -> Spoken:
    """Write frames until every utterance has stopped, is stuck or is too long.

    ``context``: memory, mask and style. ``in_order``: each step may only attend to this token and
    the next ones. ``seed``: of the prenet's dropout at temperature 0, so that a text always gives
    the same speech.
    """
    assert context.memory is not None
    assert context.memory_mask is not None
    memory, mask = context.memory, context.memory_mask
    generator = noise.generator
    if noise.temperature == 0:
        generator = torch.Generator(memory.device).manual_seed(seed)
    steps_per_second = model.frames_per_second / model.frames_per_step
    limit = STUCK_IN_ORDER if in_order else STUCK
    reading = Reading(mask, max(round(limit * steps_per_second), 1))
    seconds = min(SECONDS_PER_TOKEN * mask.shape[1] + 1.0, model.max_length)

    state = model.decoder.initial_state(len(memory), memory, mask, context.style)
    frame = model.first_frame.expand(len(memory), -1)
    steps = torch.zeros(len(memory), dtype=torch.int64, device=memory.device)
    stopped = torch.zeros_like(steps, dtype=torch.bool)
    ended = stopped
    frames, attention = [], []
    for _ in range(max(round(seconds * steps_per_second), 1)):
        if in_order:
            state = _restricted(model, state, reading.allowed())
        x, state = model.decoder.step(model.prenet(frame, generator), state)
        written, log_variance = model.heads(x[:, None])  # (B, r, M)
        if noise.temperature:
            normal = torch.randn(written.shape, generator=generator, device=written.device)
            written = written + noise.temperature * (0.5 * log_variance).exp() * normal
        frame = written[:, -1]
        frames.append(written)
        attention.append(model.attended(state))
        reading.move(attention[-1])
        steps = steps + ~ended
        stop = model.stop(x)[:, 0] > 0
        if in_order:  # a stop in the middle of the text is one of the failures
            stop = stop & (reading.furthest >= reading.last - REST)
        stopped = stopped | (stop & ~ended)
        ended = ended | stop | (reading.finished if in_order else reading.stuck)
        if ended.all():
            break
    if in_order:  # at the end of its text
        stopped = stopped | reading.finished
    return Spoken(torch.cat(frames, 1), torch.stack(attention, 1), steps, stopped)


def speak_safely(
    model: StepModel, context: Context, noise: SpeakingNoise
) -> tuple[Spoken, tuple[str, ...]]:
    """Speak; utterances that fail are spoken again with another seed, then in forced order.

    Returns the speech and, in words, what was done about failures and what is missing.
    """
    spoken, notes = speak(model, context, noise), []
    for seed, in_order in ((FIXED_SEED + 1, False), (FIXED_SEED + 1, True)):
        failed = failures(spoken, context)
        rows = [row for row, reason in enumerate(failed) if reason]
        if not rows:
            break
        how = "reading it in forced order" if in_order else "trying another seed"
        notes += [f"speech {failed[row]}: {how}" for row in rows]
        again = speak(model, _rows(context, rows), noise, seed, in_order)
        spoken = _replaced(spoken, rows, again)
    notes += [
        f"cut after {int(spoken.steps[row]) * model.frames_per_step / model.frames_per_second:.1f} "
        f"s, because speech {reason}"
        for row, reason in enumerate(failures(spoken, context)) if reason
    ]  # fmt: skip
    return spoken, tuple(notes)


def failures(spoken: Spoken, context: Context) -> list[str]:
    """Return what is wrong with each utterance, "" where nothing is."""
    assert context.memory_mask is not None
    paths = spoken.attention.argmax(-1).cpu()
    rows = zip(
        paths, spoken.steps.tolist(), context.memory_mask.sum(-1).tolist(),
        spoken.stopped.tolist(), strict=True,
    )  # fmt: skip
    return [failure(path[:steps], tokens, stopped) for path, steps, tokens, stopped in rows]


def _restricted(model: StepModel, state: StackState, allowed: Tensor) -> StackState:
    """Let the next step of all cross-attentions read the tokens of ``allowed (B, N)`` alone."""
    blocks = []
    for block, (mixer, cross) in zip(model.decoder.blocks, state.blocks, strict=True):
        layer = block.cross.layer  # type: ignore[union-attr]
        assert isinstance(layer, CrossAttention)
        blocks.append((mixer, layer.restrict(cross, allowed)))
    return state._replace(blocks=tuple(blocks))


def _rows(context: Context, rows: list[int]) -> Context:
    """Return the context of some utterances."""
    assert context.memory is not None
    assert context.memory_mask is not None
    style = None if context.style is None else context.style[rows]
    return Context(context.mask[rows], context.memory[rows], context.memory_mask[rows], style)


def _replaced(spoken: Spoken, rows: list[int], again: Spoken) -> Spoken:
    """Return ``spoken`` with some utterances from ``again``, padded to the longer of the two."""

    def merged(old: Tensor, new: Tensor) -> Tensor:
        if old.ndim > 1:
            size = max(old.shape[1], new.shape[1])
            old, new = (F.pad(x, (0, 0, 0, size - x.shape[1])) for x in (old, new))
        old = old.clone()
        old[rows] = new
        return old

    return Spoken(*(merged(old, new) for old, new in zip(spoken, again, strict=True)))

"""Speaking with an autoregressive model: the loop over decoder steps, and remedies for failures."""

import math
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.models.candidates import best_takes, repeated
from tts.models.spoken import Spoken, failures
from tts.models.spoken_path import REST, Progress
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
    progress = Progress(mask, max(round(limit * steps_per_second), 1))
    seconds = min(SECONDS_PER_TOKEN * mask.shape[1] + 1.0, model.max_length)

    state = model.decoder.initial_state(len(memory), memory, mask, context.style)
    frame = model.first_frame.expand(len(memory), -1)
    steps = torch.zeros(len(memory), dtype=torch.int64, device=memory.device)
    stopped = torch.zeros_like(steps, dtype=torch.bool)
    ended = stopped
    log_likelihood = torch.zeros(len(memory), device=memory.device)
    frames, attention = [], []
    for _ in range(max(round(seconds * steps_per_second), 1)):
        if in_order:
            state = _restricted(model, state, progress.allowed())
        x, state = model.decoder.step(model.prenet(frame, generator), state)
        written, log_variance = model.heads(x[:, None])  # (B, r, M)
        density = log_variance + math.log(2 * math.pi)
        if noise.temperature:
            normal = torch.randn(written.shape, generator=generator, device=written.device)
            normal = noise.temperature * normal
            written = written + (0.5 * log_variance).exp() * normal
            density = density + normal.square()
        frame = written[:, -1]
        frames.append(written)
        attention.append(model.attended(state))
        progress.move(attention[-1])
        log_likelihood = log_likelihood - 0.5 * density.mean((1, 2)) * ~ended
        steps = steps + ~ended
        stop = model.stop(x)[:, 0] > 0
        if in_order:  # a stop in the middle of the text is one of the failures
            stop = stop & (progress.furthest >= progress.last - REST)
        stopped = stopped | (stop & ~ended)
        ended = ended | stop | (progress.finished if in_order else progress.stuck)
        if ended.all():
            break
    if in_order:  # at the end of its text
        stopped = stopped | progress.finished
    return Spoken(
        torch.cat(frames, 1), torch.stack(attention, 1), steps, stopped, log_likelihood / steps,
        torch.zeros_like(stopped),
    )  # fmt: skip


def speak_safely(
    model: StepModel, context: Context, noise: SpeakingNoise
) -> tuple[Spoken, tuple[str, ...]]:
    """Speak; utterances that fail are spoken again with another seed, then in forced order.

    Returns the speech and, in words, what was done about failures and what is missing.
    """
    takes = repeated(context, noise.candidates)
    spoken = best_takes(speak(model, takes, noise), takes, noise.candidates)
    notes = []
    first = torch.tensor([bool(reason) for reason in failures(spoken, context)])
    for seed, in_order in ((FIXED_SEED + 1, False), (FIXED_SEED + 1, True)):
        failed = failures(spoken, context)
        rows = [row for row, reason in enumerate(failed) if reason]
        if not rows:
            break
        if not in_order and not noise.temperature and not model.prenet.random:
            continue  # it would be the same
        how = "reading it in forced order" if in_order else "trying another seed"
        notes += [f"speech {failed[row]}: {how}" for row in rows]
        again = speak(model, _rows(context, rows), noise, seed, in_order)
        spoken = _replaced(spoken, rows, again)
    for row, reason in enumerate(failures(spoken, context)):
        if reason:
            notes.append(f"speech {reason}: {_what_is_missing(model, context, spoken, row)}")
    return spoken._replace(failed=first), tuple(notes)


def _what_is_missing(model: StepModel, context: Context, spoken: Spoken, row: int) -> str:
    assert context.memory_mask is not None
    steps, tokens = int(spoken.steps[row]), int(context.memory_mask[row].sum())
    seconds = steps * model.frames_per_step / model.frames_per_second
    unread = tokens - 1 - int(spoken.attention[row, :steps].argmax(-1).max())
    return f"it was cut after {seconds:.1f} s, with {unread} of {tokens} symbols not read"


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

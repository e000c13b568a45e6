"""Speech of an autoregressive model: takes of an utterance, and remedies for failures."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.models.beam import TokenModel, beam_search
from tts.models.candidates import best_takes, repeated
from tts.models.decoding import StepModel, decode
from tts.models.sampling import FIXED_SEED, Sampling
from tts.models.spoken import Spoken, failures
from tts.modules.context import Context


def speak(model: StepModel, context: Context, sampling: Sampling, in_order: bool = False) -> Spoken:
    """Collect the steps of :func:`~tts.models.decoding.decode`, or of a beam search."""
    if sampling.beam > 1 and not in_order:
        steps = beam_search(cast(TokenModel, model), context, sampling)
    else:
        steps = list(decode(model, context, sampling, in_order))
    active = torch.stack([step.active for step in steps], 1)  # (B, S)
    count = active.sum(-1)
    longest = int(count.max())
    frames = torch.cat(list(model.complete(step.frames for step in steps)), 1)
    log_likelihood = torch.stack([step.log_likelihood for step in steps], 1)
    stopped = torch.stack([step.stopped for step in steps], 1).any(-1)
    return Spoken(
        frames=frames[:, : longest * model.frames_per_step],
        attention=torch.stack([step.attention for step in steps[:longest]], 1),
        steps=count,
        stopped=stopped,
        log_likelihood=(log_likelihood * active).sum(-1) / count,
        failed=torch.zeros_like(stopped),
    )


def speak_safely(
    model: StepModel, context: Context, sampling: Sampling
) -> tuple[Spoken, tuple[str, ...]]:
    """Speak; utterances that fail are spoken again with another seed, then in forced order.

    With ``model.forced_order`` all takes are in forced order, but for those of a beam search.
    Returns the speech and, in words, what was done about failures and what is missing.
    """
    takes = repeated(context, sampling.candidates)
    ordered = model.forced_order and sampling.beam == 1
    spoken = best_takes(speak(model, takes, sampling, ordered), takes, sampling.candidates)
    notes = []
    first = torch.tensor([bool(reason) for reason in failures(spoken, context)])
    for in_order in (ordered,) if ordered else (False, True):
        failed = failures(spoken, context)
        rows = [row for row, reason in enumerate(failed) if reason]
        if not rows:
            break
        if in_order == ordered and not sampling.random and not model.prenet.random:
            continue  # it would be the same
        how = "trying another seed" if in_order == ordered else "reading it in forced order"
        notes += [f"speech {failed[row]}: {how}" for row in rows]
        other = sampling._replace(seed=FIXED_SEED + 1, candidates=1)
        again = speak(model, _rows(context, rows), other, in_order)
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

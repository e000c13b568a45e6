"""Candidates: the best of several takes of an utterance."""

import torch
from torch import Tensor

from tts.masks import mask_from_lengths
from tts.models.spoken import Spoken, failures
from tts.modules.context import Context

FAILED = 1e6  # cost of a take that skips, repeats or does not end
REACHED = 0.5  # attention that a token gets in all steps together, to count as read


def repeated(context: Context, count: int) -> Context:
    """Return the context with each utterance ``count`` times in a row."""
    tensors = (context.mask, context.memory, context.memory_mask, context.style)
    return Context(*(x if x is None else x.repeat_interleave(count, 0) for x in tensors))  # type: ignore[arg-type]


def best_takes(takes: Spoken, context: Context, count: int) -> Spoken:
    """Return the best of each ``count`` takes; ``context`` is that of the takes.

    The mean log-likelihood per value plus the log of the share of tokens that were read; a take
    that fails comes last.
    """
    assert context.memory_mask is not None
    failed = torch.tensor([bool(reason) for reason in failures(takes, context)])
    score = takes.log_likelihood + coverage(takes, context.memory_mask).clamp(min=1e-3).log()
    score = score - FAILED * failed.to(score)
    best = score.reshape(-1, count).argmax(-1)
    rows = best + count * torch.arange(len(best), device=best.device)
    chosen = Spoken(*(values[rows] for values in takes))
    steps = int(chosen.steps.max())
    each = takes.frames.shape[1] // takes.attention.shape[1]
    return chosen._replace(
        frames=chosen.frames[:, : steps * each], attention=chosen.attention[:, :steps]
    )


def coverage(spoken: Spoken, mask: Tensor) -> Tensor:
    """Return the share of real tokens that attention has read, ``(B,)``. ``mask (B, N)``."""
    real = mask_from_lengths(spoken.steps, spoken.attention.shape[1])
    total = (spoken.attention * real[..., None]).sum(1)
    return ((total >= REACHED) & mask).sum(-1) / mask.sum(-1)

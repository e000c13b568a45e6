"""Beam search for the likeliest tokens of an utterance (after Wu et al. 2016, section 7).

Legend: B utterances, H hypotheses of each, r frames of a step, K codebooks, V entries, N tokens of
the text. The hypotheses of all utterances run through the decoder as one batch of B H rows.
"""

from collections import deque
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from tts.models.candidates import repeated
from tts.models.decoding import REMEMBERED, DecoderRun, History, Step, StepModel
from tts.models.sampling import Sampling
from tts.modules.context import Context

LENGTH = 0.6  # exponent of the length normalization, alpha in the paper
COVERAGE = 0.2  # weight of the coverage by attention, beta in the paper
UNREAD = 0.01  # attention that a token has got at the least, for the coverage's logarithm


class TokenModel(StepModel, Protocol):
    """What a search needs of a model beside :class:`StepModel`."""

    entries: int  # V; also the token that stands for none

    def token_log_probs(self, x: Tensor, history: History, sampling: Sampling) -> Tensor:
        """``(B, dim)`` -> log-probabilities ``(B, r, K, V)``."""
        ...

    def due(self, history: History) -> Tensor:
        """Return the codebooks that a step writes, ``(B, 1, K)``."""
        ...


class _Expansion(NamedTuple):
    step: Step  # of B H rows
    parents: Tensor  # (B H,) the row before the step that each one goes on from


def beam_search(model: TokenModel, context: Context, sampling: Sampling) -> list[Step]:
    """Return the steps of the best of ``sampling.beam`` hypotheses of each utterance.

    Hypotheses are ranked by their log-likelihood, normalized by their length, plus the coverage of
    the text by attention. The search ends where the best ones are complete.
    """
    beam = sampling.beam
    rows = repeated(context, beam)
    assert rows.memory_mask is not None
    run = DecoderRun(model, rows, sampling, in_order=False, rescue=False)
    device = run.ended.device
    first = torch.arange(0, len(run.ended), beam, device=device)  # of each utterance
    score = torch.full((len(run.ended),), -torch.inf, device=device)
    score[first] = 0  # all hypotheses start equal
    length = torch.zeros_like(score)
    attended = torch.zeros(rows.memory_mask.shape, device=device)
    recent: deque[Tensor] = deque(maxlen=REMEMBERED)
    trace: list[_Expansion] = []
    x = run.first_input
    while not bool((run.after_end[first] > model.delay).all()):
        y = run.step(x)
        history = run.history(recent)
        log_probs = model.token_log_probs(y, history, sampling)
        tokens, gains = best_combinations(log_probs, model.due(history), beam)
        gains = gains / (log_probs.shape[1] * log_probs.shape[2])
        attended = attended + run.attention * ~run.ended[:, None]
        length = length + ~run.ended
        total = score[:, None] + gains  # (B H, H)
        rank = total / length_penalty(length)[:, None]
        rank = rank + coverage_penalty(attended, rows.memory_mask)[:, None]
        best = rank.reshape(-1, beam * beam).topk(beam).indices  # (B, H)
        parents = (first[:, None] + best // beam).flatten()
        which = (parents, (best % beam).flatten())
        frames, score = tokens[which], total[which]
        length, attended = length[parents], attended[parents]
        run.reorder(parents)
        step = Step(frames, run.attention, gains[which], ~run.ended, run.stop & ~run.ended)
        trace.append(_Expansion(step, parents))
        run.end_step()
        if sampling.repetition_penalty != 1:
            recent = deque((each[parents] for each in recent), maxlen=REMEMBERED)
            recent.append(frames)
        x = model.next_input(frames)
    return _traced(trace, first)


def best_combinations(log_probs: Tensor, due: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the ``count`` likeliest choices of one token for each frame and codebook.

    ``log_probs (B, r, K, V)``, ``due (B, 1, K)`` bool: a codebook that is not due has the token V
    alone, at no cost. Returns tokens ``(B, count, r, K)`` and the sums of their log-probabilities
    ``(B, count)``. Codebook after codebook, only the best ``count`` can be part of the best.
    """
    batch, frames, codebooks, entries = log_probs.shape
    values, tokens = log_probs.topk(min(count, entries), -1)  # (B, r, K, k)
    due = due.expand(-1, frames, -1)[..., None]
    free = torch.full_like(values, -torch.inf)
    free[..., 0] = 0
    values, tokens = torch.where(due, values, free), torch.where(due, tokens, entries)
    total = log_probs.new_full((batch, count), -torch.inf)
    total[:, 0] = 0
    chosen = tokens.new_zeros(batch, count, 0)
    for value, token in zip(
        values.flatten(1, 2).unbind(1), tokens.flatten(1, 2).unbind(1), strict=True
    ):
        total, index = (total[:, :, None] + value[:, None]).flatten(1).topk(count)
        before, own = index // value.shape[1], index % value.shape[1]
        kept = chosen.gather(1, before[..., None].expand(-1, -1, chosen.shape[2]))
        chosen = torch.cat([kept, token.gather(1, own)[..., None]], 2)
    return chosen.unflatten(2, (frames, codebooks)), total


def length_penalty(length: Tensor) -> Tensor:
    """Return what a log-likelihood of ``length (B,)`` steps is divided by (equation 14)."""
    return ((5 + length) / 6) ** LENGTH


def coverage_penalty(attended: Tensor, mask: Tensor) -> Tensor:
    """Return the cost of tokens that got little attention, ``(B,)``, at most 0 (equation 14).

    ``attended (B, N)``: the attention of all steps together; ``mask (B, N)``.
    """
    return COVERAGE * (attended.clamp(UNREAD, 1).log() * mask).sum(-1)


def _traced(trace: list[_Expansion], rows: Tensor) -> list[Step]:
    """Return the steps that lead to ``rows (B,)`` of the last one."""
    steps = []
    for step, parents in reversed(trace):
        steps.append(Step(*(values[rows] for values in step)))
        rows = parents[rows]
    return steps[::-1]

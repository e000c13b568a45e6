"""Scores of how a model reads its text, logged beside the losses: alignment and stop."""

import torch
from torch import Tensor

from tts.batch import Batch
from tts.metrics.alignment import attention_failures, coverage, diagonality
from tts.models.acoustic import Diagnostics

STOP_TOLERANCE = 2  # decoder steps around the last one
HIGHER_IS_BETTER = ("stop_accuracy", "diagonality", "coverage")  # of the scores


def reading_scores(diagnostics: Diagnostics, batch: Batch) -> dict[str, Tensor]:
    """Return scalars by name; empty for a model that has neither attention nor a stop.

    ``stop_accuracy``: share of utterances whose first predicted stop is at their end, within
    STOP_TOLERANCE decoder steps. ``diagonality``, ``coverage``: means; ``skips``, ``repeats``: per
    utterance (:mod:`tts.metrics.alignment`).
    """
    scores: dict[str, Tensor] = {}
    if diagnostics.stop is not None and diagnostics.stop_lengths is not None:
        scores["stop_accuracy"] = stop_accuracy(diagnostics.stop, diagnostics.stop_lengths)
    if diagnostics.log_attention is not None:
        attention = diagnostics.log_attention.detach().float().exp()
        tokens, frames = batch.token_lengths, batch.frame_lengths
        scores["diagonality"] = diagonality(attention, tokens, frames).mean()
        scores["coverage"] = coverage(attention, tokens, frames).mean()
        skips, repeats = attention_failures(attention, tokens, frames)
        scores["skips"], scores["repeats"] = skips.float().mean(), repeats.float().mean()
    return scores


def stop_accuracy(stop: Tensor, lengths: Tensor) -> Tensor:
    """Return the share of utterances that stop at their end. ``stop (B, S)``, ``lengths (B,)``."""
    step = torch.arange(stop.shape[1], device=stop.device)
    predicted = torch.where((stop > 0) & (step < lengths[:, None]), step, stop.shape[1] * 2)
    first = predicted.amin(-1)
    return ((first - (lengths - 1)).abs() <= STOP_TOLERANCE).float().mean()

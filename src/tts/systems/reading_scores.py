"""Scores of how a model reads its text, logged beside the losses: alignment and stop."""

import torch
from torch import Tensor

from tts.batch import Batch
from tts.metrics.alignment import attention_failures, coverage, diagonality
from tts.models.acoustic import Diagnostics

STOP_TOLERANCE = 2  # decoder steps around the last one
HIGHER_IS_BETTER = ("stop_accuracy", "diagonality", "coverage", "token_accuracy")  # of the scores


def reading_scores(diagnostics: Diagnostics, batch: Batch) -> dict[str, Tensor]:
    """Return scalars by name; empty for a model that has neither attention nor a stop.

    ``stop_accuracy``: share of utterances whose first predicted stop is at their end, within
    STOP_TOLERANCE decoder steps. ``diagonality``, ``coverage``: means; ``skips``, ``repeats``: per
    utterance (:mod:`tts.metrics.alignment`). ``token_accuracy``: share of a recording's codes that
    are the likeliest, the mean over the codebooks and, numbered from 1, of each that was predicted.
    """
    scores: dict[str, Tensor] = {}
    if diagnostics.stop is not None and diagnostics.stop_lengths is not None:
        scores["stop_accuracy"] = stop_accuracy(diagnostics.stop, diagnostics.stop_lengths)
    if diagnostics.log_attention is not None:
        attention = diagnostics.log_attention.detach().float().exp()
        tokens, frames = batch.token_lengths, diagnostics.frame_lengths(batch)
        scores["diagonality"] = diagonality(attention, tokens, frames).mean()
        scores["coverage"] = coverage(attention, tokens, frames).mean()
        skips, repeats = attention_failures(attention, tokens, frames)
        scores["skips"], scores["repeats"] = skips.float().mean(), repeats.float().mean()
    if diagnostics.token_accuracy is not None:
        accuracy = diagnostics.token_accuracy
        scores["token_accuracy"] = accuracy.nanmean()
        named = zip(accuracy_names(len(accuracy)), accuracy, strict=True)
        scores |= {name: value for name, value in named if not value.isnan()}
    return scores


def accuracy_names(codebooks: int) -> list[str]:
    """Return the name of the token accuracy of each codebook."""
    return [f"token_accuracy_{number}" for number in range(1, codebooks + 1)]


def stop_accuracy(stop: Tensor, lengths: Tensor) -> Tensor:
    """Return the share of utterances that stop at their end. ``stop (B, S)``, ``lengths (B,)``."""
    step = torch.arange(stop.shape[1], device=stop.device)
    predicted = torch.where((stop > 0) & (step < lengths[:, None]), step, stop.shape[1] * 2)
    first = predicted.amin(-1)
    return ((first - (lengths - 1)).abs() <= STOP_TOLERANCE).float().mean()

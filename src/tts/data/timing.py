"""Durations in frames from given times in seconds; they sum to the frames of the clip."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np


def frames_from_ends(ends: Sequence[float], frames: int, frame_seconds: float) -> np.ndarray:
    """Convert the end time of each token to ``(N,)`` int64 durations; the last ends with the clip.

    Boundaries are rounded, not durations, so that errors do not accumulate. Every token gets a
    frame if there are at least as many frames as tokens.
    """
    count = len(ends)
    bounds = np.rint(np.asarray(ends) / frame_seconds).astype(np.int64)
    bounds[-1] = frames
    if frames >= count:
        order = np.arange(1, count + 1)
        # bounds rise by at least 1: first from the left, then limited from the right
        bounds = np.maximum.accumulate(np.maximum(bounds, order) - order) + order
        bounds = np.minimum(bounds, frames - count + order)
    else:
        bounds = np.maximum.accumulate(np.clip(bounds, 0, frames))
    return np.diff(bounds, prepend=0)


def ends_from_words(
    phonemes: str,
    words: Sequence[tuple[str, float, float]],
    seconds: float,
    phonemize: Callable[[str], str],
    boundary: str = " ",
) -> list[float]:
    """Return the end time of each symbol of ``phonemes`` from timed words of the same text.

    ``words``: (word, start, end). A written word may be several spoken words (a number):
    ``phonemize`` gives their number, and where the counts do not add up, spoken words share the
    time in proportion to their length. The symbols of a word share its time equally; the time
    between two words belongs to the boundary symbol between them.
    """
    groups = _groups(phonemes, boundary)
    spans = _word_spans(groups, words, phonemize, boundary)
    ends = [0.0] * len(phonemes)
    for (first, last), (start, stop) in zip(groups, spans, strict=True):
        width = (stop - start) / (last - first)
        for index in range(first, last):
            ends[index] = start + width * (index - first + 1)
        if first > 0:
            ends[first - 1] = start  # the boundary before the word
    ends[-1] = max(seconds, ends[-1])
    for index in range(1, len(ends)):
        ends[index] = max(ends[index], ends[index - 1])
    return ends


def _groups(phonemes: str, boundary: str) -> list[tuple[int, int]]:
    """Return the runs of symbols between boundaries, as (first, after the last)."""
    groups, start = [], None
    for index, symbol in enumerate(phonemes + boundary):
        if symbol == boundary:
            if start is not None:
                groups.append((start, index))
            start = None
        elif start is None:
            start = index
    return groups


def _word_spans(
    groups: list[tuple[int, int]],
    words: Sequence[tuple[str, float, float]],
    phonemize: Callable[[str], str],
    boundary: str,
) -> list[tuple[float, float]]:
    """Return start and end of each spoken word."""
    counts = [len(_groups(phonemize(word), boundary)) for word, _, _ in words]
    if sum(counts) != len(groups):
        return _spans_by_length(groups, words)
    spans: list[tuple[float, float]] = []
    for (_, start, stop), count in zip(words, counts, strict=True):
        sizes = [b - a for a, b in groups[len(spans) : len(spans) + count]]
        marks = start + (stop - start) * np.cumsum([0, *sizes]) / max(sum(sizes), 1)
        spans += [(float(a), float(b)) for a, b in pairwise(marks)]
    return spans


def _spans_by_length(
    groups: list[tuple[int, int]], words: Sequence[tuple[str, float, float]]
) -> list[tuple[float, float]]:
    """Map spoken words to the written words' time in proportion to their lengths."""
    written = np.cumsum([0] + [max(len(word), 1) for word, _, _ in words])
    spoken = np.cumsum([0] + [last - first for first, last in groups])
    positions = spoken / spoken[-1] * written[-1]
    # time is linear within a word and jumps over the gap between two
    starts = np.array([start for _, start, _ in words])
    stops = np.array([stop for _, _, stop in words])

    def time(position: float, is_start: bool) -> float:
        before = written <= position if is_start else written < position
        word = int(np.clip(before.sum() - 1, 0, len(words) - 1))
        share = (position - written[word]) / (written[word + 1] - written[word])
        return float(starts[word] + share * (stops[word] - starts[word]))

    return [(time(a, is_start=True), time(b, is_start=False)) for a, b in pairwise(positions)]

"""Times from outside, in seconds, to durations in frames that sum exactly to the clip."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np


def frames_from_ends(ends: Sequence[float], frames: int, frame_seconds: float) -> np.ndarray:
    """End time of each token -> ``(N,)`` int64 durations; the last token ends with the clip.

    Boundaries are rounded, not durations, so that no error adds up; every token keeps a frame as
    long as there are at least as many frames as tokens.
    """
    count = len(ends)
    bounds = np.rint(np.asarray(ends) / frame_seconds).astype(np.int64)
    bounds[-1] = frames
    if frames >= count:
        order = np.arange(1, count + 1)
        # as early as the token's number allows, as late as the tokens after it allow
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
    """End time of each symbol of ``phonemes`` from timed words of the same text.

    A written word may be several spoken ones (a number); how many is asked of ``phonemize``, and
    where that does not add up the words share the time by their length. Within a word the symbols
    share its time evenly; what lies between two words belongs to the boundary between them.
    """
    groups = _groups(phonemes, boundary)
    spans = _spread(groups, words, phonemize, boundary)
    ends = [0.0] * len(phonemes)
    for (first, last), (start, stop) in zip(groups, spans, strict=True):
        width = (stop - start) / (last - first)
        for place in range(first, last):
            ends[place] = start + width * (place - first + 1)
        if first > 0:
            ends[first - 1] = start  # the boundary before the word
    ends[-1] = max(seconds, ends[-1])
    for place in range(1, len(ends)):
        ends[place] = max(ends[place], ends[place - 1])
    return ends


def _groups(phonemes: str, boundary: str) -> list[tuple[int, int]]:
    """Stretches of symbols between boundaries, as (first, after the last)."""
    groups, start = [], None
    for place, symbol in enumerate(phonemes + boundary):
        if symbol == boundary:
            if start is not None:
                groups.append((start, place))
            start = None
        elif start is None:
            start = place
    return groups


def _spread(
    groups: list[tuple[int, int]],
    words: Sequence[tuple[str, float, float]],
    phonemize: Callable[[str], str],
    boundary: str,
) -> list[tuple[float, float]]:
    """A start and an end for each spoken word."""
    counts = [len(_groups(phonemize(word), boundary)) for word, _, _ in words]
    if sum(counts) != len(groups):
        return _by_length(groups, words)
    spans: list[tuple[float, float]] = []
    for (_, start, stop), count in zip(words, counts, strict=True):
        sizes = [b - a for a, b in groups[len(spans) : len(spans) + count]]
        marks = start + (stop - start) * np.cumsum([0, *sizes]) / max(sum(sizes), 1)
        spans += [(float(a), float(b)) for a, b in pairwise(marks)]
    return spans


def _by_length(
    groups: list[tuple[int, int]], words: Sequence[tuple[str, float, float]]
) -> list[tuple[float, float]]:
    """Spoken words laid over the written ones' time, both measured by their length."""
    written = np.cumsum([0] + [max(len(word), 1) for word, _, _ in words])
    spoken = np.cumsum([0] + [last - first for first, last in groups])
    places = spoken / spoken[-1] * written[-1]
    # inside a word time runs evenly; between two it jumps over the gap
    starts = np.array([start for _, start, _ in words])
    stops = np.array([stop for _, _, stop in words])

    def time(place: float, leaving: bool) -> float:
        before = written <= place if leaving else written < place
        word = int(np.clip(before.sum() - 1, 0, len(words) - 1))
        share = (place - written[word]) / (written[word + 1] - written[word])
        return float(starts[word] + share * (stops[word] - starts[word]))

    return [(time(a, leaving=True), time(b, leaving=False)) for a, b in pairwise(places)]

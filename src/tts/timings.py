"""Times of what a synthesizer says: sentences, words and phones, in seconds."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tts.text.word_spans import phone_spans, word_spans, words_of


class Timing(NamedTuple):
    """A piece of speech and when it is spoken."""

    text: str
    start: float  # seconds from the beginning of the speech
    end: float
    # predicted, of the natural logarithm of its duration: 0.04 is a deviation of about 20 %
    log_variance: float | None = None


class WordTiming(NamedTuple):
    """A word, as it is said, and its phones."""

    text: str
    start: float
    end: float
    phones: tuple[Timing, ...]


class SentenceTiming(NamedTuple):
    """A sentence, as it was written, and its words."""

    text: str
    start: float
    end: float
    words: tuple[WordTiming, ...]
    rounds: tuple[int, ...] = ()  # of each codebook (model=masked_codec)


def sentence_timing(
    text: str,
    normalized: str,
    phonemes: str,
    seconds: Iterable[float],
    start: float,
    phonemize: Callable[[str], str],
    log_variances: Sequence[float] | None = None,
    symbols: Sequence[str] | None = None,
) -> SentenceTiming:
    """Return the times of one sentence that starts at ``start``.

    ``seconds``: the duration of each symbol of ``phonemes``; ``log_variances``: those predicted.
    ``phonemize``: of one word alone. ``symbols``: those of ``phonemes`` as they are shown.
    """
    shown = phonemes if symbols is None else symbols
    durations = list(seconds)
    times = [start]
    for duration in durations:
        times.append(times[-1] + duration)
    words = words_of(normalized)
    spans = word_spans(words, phonemes, phonemize)
    return SentenceTiming(
        text,
        start,
        times[-1],
        tuple(
            WordTiming(
                word,
                times[begin],
                times[end],
                tuple(
                    Timing(
                        "".join(shown[first:last]),
                        times[first],
                        times[last],
                        _log_variance(durations[first:last], log_variances, first),
                    )
                    for first, last in phone_spans(phonemes, begin, end)
                ),
            )
            for word, (begin, end) in zip(words, spans, strict=True)
        ),
    )


def _log_variance(
    durations: Sequence[float], log_variances: Sequence[float] | None, first: int
) -> float | None:
    """Return the log variance of a sum of independent durations, to first order."""
    total = sum(durations)
    if log_variances is None or not total:
        return None
    own = log_variances[first : first + len(durations)]
    variance = sum(d * d * math.exp(v) for d, v in zip(durations, own, strict=True))
    return math.log(variance / total**2)

"""Times of what a synthesizer says: sentences, words and phones, in seconds."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tts.text.word_spans import phone_spans, word_spans, words_of


class Timing(NamedTuple):
    """A piece of speech and when it is spoken."""

    text: str
    start: float  # seconds from the beginning of the speech
    end: float


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


def sentence_timing(
    text: str,
    normalized: str,
    phonemes: str,
    seconds: Iterable[float],
    start: float,
    phonemize: Callable[[str], str],
) -> SentenceTiming:
    """Return the times of one sentence that starts at ``start``.

    ``seconds``: the duration of each symbol of ``phonemes``. ``phonemize``: of one word alone.
    """
    times = [start]
    for duration in seconds:
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
                    Timing(phonemes[first:last], times[first], times[last])
                    for first, last in phone_spans(phonemes, begin, end)
                ),
            )
            for word, (begin, end) in zip(words, spans, strict=True)
        ),
    )

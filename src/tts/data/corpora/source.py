"""Corpus interface: one :class:`Source` per utterance, before features are extracted."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from tts.errors import UserError
from tts.plain_data import PlainData, quoted


class CorpusError(UserError):
    """A corpus that cannot be read; the message names the file and the row."""


class Source(NamedTuple):
    """One utterance as the corpus has it. Times are seconds from the start of the segment.

    The audio is a file (``audio``, ``segment``) or samples made by the corpus (``samples``,
    ``sample_rate``).
    """

    id: str
    text: str
    speaker: str
    language: str  # espeak code
    audio: Path | None = None  # the file to read
    segment: tuple[float, float] | None = None  # first and last second of it; None = all
    normalized: str | None = None  # text spelled out by the corpus, instead of by our normalizer
    timings: tuple[tuple[str, float, float], ...] | None = None  # (word, start, end)
    samples: np.ndarray | None = None  # (S,) in [-1, 1]
    sample_rate: int | None = None  # Hz, of ``samples``
    phonemes: str | None = None  # given by the corpus, instead of by our phonemizer
    phoneme_ends: tuple[float, ...] | None = None  # end of each symbol of ``phonemes``


class Corpus(Protocol):
    """A source of utterances, such as a folder of recordings."""

    name: str  # short, for the prepared folder

    def sources(self) -> Iterator[Source]:
        """Yield every utterance in a fixed order. Raises CorpusError naming file and row."""

    def fingerprint(self) -> PlainData:
        """Return plain data that changes whenever the result of :meth:`sources` would.

        The contents of audio files need not be part of it where there is a method ``files``.
        """


def read_sources(corpus: Corpus) -> Iterator[Source]:
    """Yield the utterances of a corpus.

    Raises CorpusError for one that has other types than :class:`Source` says, or neither a file nor
    samples: readers can be anybody's.
    """
    for number, source in enumerate(corpus.sources(), 1):
        reader = f"{type(corpus).__qualname__}.sources()"
        if not isinstance(source, Source):
            raise CorpusError(
                f"{reader} yields {quoted(source)}; yield a Source for each utterance"
            )
        for name in ("id", "text", "speaker", "language"):
            if not isinstance(value := getattr(source, name), str):
                raise CorpusError(
                    f"{reader}, utterance {number}: {name}={quoted(value)}: expected a string"
                )
        where = f"{reader}, utterance {number} ({source.id})"
        if source.audio is None and (source.samples is None or source.sample_rate is None):
            raise CorpusError(f"{where}: give audio=PATH, or samples and their sample_rate")
        if source.audio is not None and not isinstance(source.audio, Path):
            raise CorpusError(f"{where}: audio={quoted(source.audio)}: expected a pathlib.Path")
        yield source


def audio_files(corpus: Corpus) -> dict[str, Path]:
    """Return the audio files of a corpus by name, from its method ``files`` if it has one."""
    files = getattr(corpus, "files", None)
    return {} if files is None else dict(files())


def description(corpus: Corpus) -> str:
    """Return how a corpus was read, for the report, from its method ``description`` if any."""
    describe = getattr(corpus, "description", None)
    return "" if describe is None else str(describe())

"""What a corpus hands over: one :class:`Source` per utterance, before anything is computed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from tts.errors import UserError


class CorpusError(UserError):
    """A corpus that cannot be read; the message names the file and the row."""


class Source(NamedTuple):
    """One utterance as the corpus has it. Times are seconds from the start of the segment."""

    id: str
    text: str
    speaker: str
    language: str  # espeak code
    audio: Path | None = None  # the file to read ...
    segment: tuple[float, float] | None = None  # ... and only this stretch of it, in seconds
    normalized: str | None = None  # as the corpus gives it: used instead of our normalizer
    timings: tuple[tuple[str, float, float], ...] | None = None  # (word, start, end)
    samples: np.ndarray | None = None  # (S,) made on the spot instead of a file ...
    sample_rate: int | None = None  # ... at this rate
    phonemes: str | None = None  # as given by whoever made the audio ...
    phoneme_ends: tuple[float, ...] | None = None  # ... with the end of each symbol


class Corpus(Protocol):
    """A place utterances come from."""

    name: str  # a short name for the prepared folder

    def sources(self) -> Iterator[Source]:
        """Every utterance in a fixed order. Raises CorpusError naming the file and the row."""

    def fingerprint(self) -> dict[str, Any]:
        """Plain data that changes whenever what :meth:`sources` yields would change."""

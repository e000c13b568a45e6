"""Characters as symbols, for languages without phonemes; their table is learned from a corpus."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

from tts.bounds import Count
from tts.text.phonemes import split_at_punctuation
from tts.text.symbols import BOUNDARY, PADDING, PUNCTUATION

BASE = (PADDING, BOUNDARY, *PUNCTUATION)


class Characters:
    """Letters, digits and marks of a normalized text, in small letters.

    ``vocab_size``: the most characters in the table, punctuation not counted; the rarest are left
    out, and the front end reports them. None = all that the corpus uses.
    """

    def __init__(self, vocab_size: Count | None = None) -> None:
        self.vocab_size = vocab_size

    def __call__(self, text: str, language: str) -> str:
        return "".join(
            piece if is_break else _small(piece) for piece, is_break in split_at_punctuation(text)
        )

    def scripts(self, language: str) -> frozenset[str] | None:
        """Return None: characters of every script are kept."""
        return None

    def learned_symbols(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the table for ``texts`` of symbols: padding, boundary, punctuation, characters."""
        counts = Counter(character for text in texts for character in text)
        for symbol in BASE:
            counts.pop(symbol, None)
        # the most frequent, and of equally frequent ones the first in Unicode
        ranked = sorted(counts, key=lambda character: (-counts[character], character))
        return (*BASE, *sorted(ranked[: self.vocab_size]))


def _small(text: str) -> str:
    return BOUNDARY.join(unicodedata.normalize("NFC", text.lower()).split())

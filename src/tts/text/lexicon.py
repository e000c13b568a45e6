"""Pronunciation lexicon: how words are read, from a file of one word a line.

A line has the word, a tab, and its pronunciation: phonemes, between slashes or with signs of IPA
(``/kjuːb kəntɹoʊl/``, ``kjˈuːb``), or a respelling in ordinary letters (``cube control``). A word
in small letters matches in every case; one with capitals matches exactly, and is preferred. Empty
lines and lines that begin with ``#`` are skipped.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from tts.files import read_text
from tts.text.errors import TextError
from tts.text.pronunciation import looks_phonetic, read_phonemes
from tts.text.spans import Span
from tts.text.symbols import SILENT

_LINE_END = re.compile(r"\r\n|\r|\n")
_SPACES = re.compile(r"\s+")
MAX_LISTED = 20  # bad rows in a message
_GENITIVE = r"(?:['’]s(?!\w))?"
_VOICELESS, _SIBILANTS = frozenset("ptkfθ"), frozenset("szʃʒ")


class LexiconError(TextError):
    """A lexicon that cannot be read, or has bad rows; the message lists them."""


class Lexicon:
    """Pronunciations by word: phonemes between slashes, or a respelling; hashable by content."""

    def __init__(self, entries: Mapping[str, str], where: str = "lexicon") -> None:
        self.entries = dict(sorted(entries.items()))
        self._spelled: dict[str, str | None] = {}  # respelling, or None for phonemes
        self._phonemes: dict[str, str] = {}
        for word, pronunciation in self.entries.items():
            try:
                self._add(word, pronunciation)
            except TextError as error:
                raise LexiconError(f"{where}: {word}: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lexicon) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(tuple(self.entries.items()))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Lexicon":
        """Read a file of UTF-8. Raises LexiconError naming each bad row with its line."""
        path = Path(path)
        if not path.is_file():
            raise LexiconError(f"lexicon={path}: there is no such file")
        entries: dict[str, str] = {}
        lines: dict[str, int] = {}
        errors = []
        for number, line in enumerate(_LINE_END.split(read_text(path)), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                word, pronunciation = _row(line)
                if word in entries:
                    raise TextError(f"{word} stands in line {lines[word]} already: leave one out")
                cls({word: pronunciation})
            except LexiconError as error:
                errors.append(f"line {number}: {str(error).removeprefix('lexicon: ')}")
            except TextError as error:
                errors.append(f"line {number}: {error}")
            else:
                entries[word], lines[word] = pronunciation, number
        if errors:
            more = [f"and {len(errors) - MAX_LISTED} more"] if len(errors) > MAX_LISTED else []
            listed = "\n       ".join([*errors[:MAX_LISTED], *more])
            raise LexiconError(f"lexicon={path}: {len(errors)} bad rows\n       {listed}")
        return cls(entries, str(path))

    def apply(self, spans: Iterable[Span], language: str) -> list[Span]:
        """Return spans with the words of the lexicon replaced or given phonemes."""
        return [piece for span in spans for piece in self._applied(span, language)]

    def _add(self, word: str, pronunciation: str) -> None:
        between = len(pronunciation) > 1 and pronunciation[0] == pronunciation[-1] == "/"
        if not between and not looks_phonetic(pronunciation):
            self._spelled[word] = pronunciation
            return
        phonemes = read_phonemes(pronunciation[1:-1] if between else pronunciation)
        if marks := sorted(SILENT & set(phonemes) - {" "}):
            raise TextError(f"{' '.join(marks)} in {pronunciation!r} is no phoneme")
        self._spelled[word], self._phonemes[word] = None, phonemes

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self.entries:
            return None
        longest = sorted(self.entries, key=len, reverse=True)
        words = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in longest)
        return re.compile(rf"(?<!\w)({words})({_GENITIVE})(?!\w)", re.IGNORECASE)

    def _find(self, written: str) -> str | None:
        """Return the word of the lexicon that a written one is."""
        word = _SPACES.sub(" ", written)
        if word in self.entries:
            return word
        small = word.lower()
        return small if small in self.entries else None

    def _applied(self, span: Span, language: str) -> Iterator[Span]:
        if span.phonemes is not None or self._pattern is None:
            yield span
            return
        end = 0
        for match in self._pattern.finditer(span.text):
            word = self._find(match[1])
            genitive = match[2]
            if word is None or (genitive and not language.startswith("en")):
                continue
            yield span._replace(text=span.text[end : match.start()])
            spelled = self._spelled[word]
            if spelled is not None:
                yield span._replace(text=spelled + genitive)
            else:
                phonemes = self._phonemes[word]
                phonemes += _genitive_of(phonemes) if genitive else ""
                yield span._replace(text=match[0], phonemes=phonemes)
            end = match.end()
        yield span._replace(text=span.text[end:])


def _row(line: str) -> tuple[str, str]:
    word, _, pronunciation = (part.strip(" ") for part in line.strip().partition("\t"))
    if not word or not pronunciation:
        raise TextError(f"{line.strip()[:60]!r}: expected a word, a tab and its pronunciation")
    if "\t" in pronunciation:
        raise TextError(f"{word}: expected one tab, not {line.count(chr(9))}")
    if not word[0].isalnum() or not word[-1].isalnum():
        raise TextError(f"{word}: a word begins and ends with a letter or a digit")
    return _SPACES.sub(" ", word), pronunciation


def _genitive_of(phonemes: str) -> str:
    if phonemes[-1] in _SIBILANTS:
        return "ᵻz"
    return "s" if phonemes[-1] in _VOICELESS else "z"

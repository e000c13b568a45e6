"""Phonemizers: normalized text to phones, punctuation included; espeak-ng by default."""

import difflib
import re
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from tts.text import espeak
from tts.text.clean import SPOKEN_MARKS
from tts.text.errors import TextError, shortened
from tts.text.symbols import to_symbols


class Phonemizer(Protocol):
    """Interface of a phonemizer. It must be picklable, because worker processes get a copy."""

    def __call__(self, text: str, language: str) -> str:
        """Return the phones and punctuation of ``text``, with " " between words.

        Phones are spelled as in :mod:`tts.text.symbols`; the front end reports characters that are
        not in it. Raises TextError for an unsupported language.
        """


@runtime_checkable
class ScriptReader(Protocol):
    """A phonemizer that reads other scripts than those of :mod:`tts.text.scripts`."""

    def scripts(self, language: str) -> frozenset[str] | None:
        """Return the scripts that a language is read in; None: every one."""


@runtime_checkable
class SymbolLearner(Protocol):
    """A phonemizer whose symbols are learned from a corpus."""

    def learned_symbols(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the table for the symbols of all ``texts``; the first is padding."""


# Not inside numbers: 3.5, 12:30, the ordinal dot of "3. mai".
_BREAK = re.compile(
    r"""
    [\s"()¿¡—]*
    (?: (?<!\d)[.,:] | [.,:](?!\d) | [!?;…—"()¿¡] )
    [\s.,:!?;…—"()¿¡]*
    """,
    re.VERBOSE,
)
_ORDINAL_DOT = re.compile(r"(?<=\d)\.(?=\s[^\W\d_])")
_LANGUAGE_SWITCH = re.compile(r"\([a-z]+[\w-]*\)")
_SPACES = re.compile(r"\s+")
# Bytes of UTF-8. espeak-ng crashes on much longer words and clauses of rare letters, which it
# spells by name, and on many changes between the language's script and Latin.
_MAX_WORD = 90
_MAX_PART = 120
_MAX_ASCII_PART = 240
CODE = 3  # letters of a language's code without its region


def require_language(language: str) -> None:
    """Raise TextError, with near matches, for a language that espeak-ng cannot read."""
    library = espeak.shared()
    if language not in library.languages:
        raise TextError(_unknown_language_message(language, library.languages))
    if not library.has_dictionary(language):
        raise TextError(
            f"language={language!r} ({library.languages[language].name}): the package "
            "espeakng-loader has no dictionary of it; train with frontend=characters"
        )


class EspeakPhonemizer:
    """Phonemize with espeak-ng, which supports more than 100 languages.

    espeak-ng drops punctuation, so the text is split at punctuation, where espeak-ng also ends its
    clauses. Each piece is phonemized at once, because words depend on their neighbors.
    """

    def __call__(self, text: str, language: str) -> str:
        return "".join(
            piece if is_break else "".join(self._phones(piece, language))
            for piece, is_break in split_at_punctuation(text)
        )

    def phones(self, text: str, language: str) -> list[list[str]]:
        """Return the symbols of a call in groups, one per phone, boundary or punctuation mark."""
        groups: list[list[str]] = []
        for piece, is_break in split_at_punctuation(text):
            if is_break:
                groups += [[symbol] for symbol in piece]
            else:
                groups += [list(phone) for phone in self._phones(piece, language)]
        return groups

    @staticmethod
    def _phones(piece: str, language: str) -> list[str]:
        require_language(language)
        library = espeak.shared()
        phones: list[str] = []
        for part in _bounded(piece):
            written = library.phones(part, language, separator="_")
            words = _SPACES.sub(" ", _LANGUAGE_SWITCH.sub("", written)).strip(" _").split(" ")
            for word in words:
                named = [to_symbols(phone) for phone in word.split("_") if phone]
                if named:
                    phones += [*([" "] if phones else []), *named]
        return phones


def split_at_punctuation(text: str) -> list[tuple[str, bool]]:
    """Split into (words, False) and (punctuation with its spaces, True), in order."""
    protected = _ORDINAL_DOT.sub("\0", text)
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _BREAK.finditer(protected):
        _add_words(pieces, protected[end : match.start()])
        marks = _SPACES.sub(" ", match[0])
        if match.end() < len(text) and marks[-1] in ".,:;!?…":
            marks += " "
        pieces.append((marks, True))
        end = match.end()
    _add_words(pieces, protected[end:])
    return pieces


def _add_words(pieces: list[tuple[str, bool]], words: str) -> None:
    if any(character.isalnum() or character in SPOKEN_MARKS for character in words):
        pieces.append((words.replace("\0", "."), False))


def _bounded(piece: str) -> list[str]:
    """Split a piece into parts that fit espeak-ng's buffers, between words if possible."""
    if len(piece.encode()) <= _MAX_WORD:
        return [piece]
    parts: list[str] = []
    max_size = _MAX_ASCII_PART if piece.isascii() else _MAX_PART
    size = max_size
    for word in piece.split():
        for part in _cut(word):
            size += len(part.encode()) + 1
            if size > max_size:
                parts.append(part)
                size = len(part.encode())
            else:
                parts[-1] += " " + part
    return parts


def _cut(word: str) -> list[str]:
    if len(word.encode()) <= _MAX_WORD:
        return [word]
    letters = _MAX_WORD // max(len(letter.encode()) for letter in word)
    return [word[i : i + letters] for i in range(0, len(word), letters)]


def _unknown_language_message(language: str, known: dict[str, espeak.Language]) -> str:
    if "," in language:
        first = language.strip("[](){}, ").split(",")[0].strip() or "en-us"
        return f"language={shortened(language)} are several: give one code, such as {first}"
    wanted = language.lower().replace("_", "-")
    near = [code for code in known if code == wanted]
    near += [code for code, (name, _) in known.items() if wanted in name.lower()]
    near += [code for code in known if code.split("-")[0] == wanted.split("-")[0]]
    if len(wanted) > CODE:  # codes of two and three letters resemble many others
        near += difflib.get_close_matches(wanted, known, n=4, cutoff=0.6)
    what = f"language={shortened(language)} is not a language of espeak-ng"
    if not near or not wanted:
        return f"{what}; choose from {', '.join(known)}"
    listed = ", ".join(f"{code} ({known[code].name})" for code in dict.fromkeys(near))
    return f"{what}; choose from {listed}, or list all codes with language=all"

"""Phonemes as people write them, in markup and lexicons, as the symbols of a model."""

import unicodedata
from collections.abc import Collection, Set

from tts.text.errors import TextError
from tts.text.symbols import BOUNDARY, LENGTH, PADDING, PUNCTUATION, SILENT, STRESS, SYMBOLS, VOWELS

_LOOK_ALIKES = str.maketrans({"g": "ɡ", "ε": "ɛ", ":": "ː", "'": "ˈ", "’": "ˈ", "|": BOUNDARY})
_SYLLABLE = "."  # between phones, it separates syllables
_IPA_EXTENSIONS = ("\u0250", "\u02af")  # Unicode's block of phonetic letters


def read_phonemes(written: str, symbols: Collection[str] = SYMBOLS) -> str:
    """Return IPA, or the letters of a model of characters, as symbols.

    Spaces separate words where every piece has a vowel (``hˈaʊ ɑːɹ juː``), else phones
    (``h ə l ˈ oʊ``); ``|`` always separates words. A mark of punctuation at the end of a piece is a
    mark, a dot inside of one separates syllables and is left out. Look-alikes of IPA letters are
    read as these where they are not ``symbols`` themselves. Raises TextError naming a character
    that is not one of ``symbols``.
    """
    known = set(symbols) - {PADDING}
    words = [_word(word, known) for word in written.split("|")]
    spelled = BOUNDARY.join(filter(None, words))
    if unknown := dict.fromkeys(c for c in spelled if c not in known):
        listed = " ".join(c if c.isprintable() and c > " " else ascii(c) for c in unknown)
        raise TextError(f"{listed} in {written.strip()!r} is no phoneme of this model")
    if all(symbol in SILENT for symbol in spelled):
        raise TextError(f"{written.strip()!r} has no phoneme: give some in IPA")
    return spelled


def looks_phonetic(written: str) -> bool:
    """Return whether a pronunciation has signs of IPA, which spellings do not use."""
    first, last = _IPA_EXTENSIONS
    return any(c in STRESS + LENGTH or first <= c <= last for c in written)


def _word(written: str, known: Set[str]) -> str:
    pieces = [_piece(piece, known) for piece in written.split()]
    separate = all(any(symbol in VOWELS for symbol in piece) for piece in pieces)
    return (BOUNDARY if separate else "").join(pieces)


def _piece(written: str, known: Set[str]) -> str:
    body = written.rstrip(PUNCTUATION.replace(":", ""))
    marks = written[len(body) :]
    composed = unicodedata.normalize("NFC", body.replace(_SYLLABLE, ""))
    return (
        "".join(
            letter if letter in known and letter not in SILENT else _ipa(letter)
            for letter in composed
        )
        + marks
    )


def _ipa(letter: str) -> str:
    return unicodedata.normalize("NFD", letter.translate(_LOOK_ALIKES))

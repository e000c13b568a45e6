"""Phonemes as people write them, in markup and lexicons, as the symbols of a model."""

import unicodedata
from collections.abc import Collection

from tts.text.errors import TextError
from tts.text.symbols import BOUNDARY, LENGTH, PUNCTUATION, SILENT, STRESS, SYMBOLS, VOWELS

_LOOK_ALIKES = str.maketrans({"g": "ɡ", "ε": "ɛ", ":": "ː", "'": "ˈ", "’": "ˈ", "|": BOUNDARY})
_COMPOSED = {"c\u0327": "ç"}  # NFD decomposes it, but it is one IPA letter
_SYLLABLE = "."  # between phones, it separates syllables
_IPA_EXTENSIONS = ("\u0250", "\u02af")  # Unicode's block of phonetic letters


def read_phonemes(written: str, symbols: Collection[str] = SYMBOLS) -> str:
    """Return IPA as symbols, with a boundary between words.

    Spaces separate words where every piece has a vowel (``hˈaʊ ɑːɹ juː``), else phones
    (``h ə l ˈ oʊ``); ``|`` always separates words. A mark of punctuation at the end of a piece is a
    mark, a dot inside of one separates syllables and is left out. Raises TextError naming a
    character that is not one of ``symbols``.
    """
    words = [_word(word) for word in written.split("|")]
    spelled = BOUNDARY.join(filter(None, words))
    known = set(symbols) - {"_"}
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


def _word(written: str) -> str:
    pieces = [_piece(piece) for piece in written.split()]
    separate = all(any(symbol in VOWELS for symbol in piece) for piece in pieces)
    return (BOUNDARY if separate else "").join(pieces)


def _piece(written: str) -> str:
    body = written.rstrip(PUNCTUATION.replace(":", ""))
    marks = written[len(body) :]
    letters = unicodedata.normalize("NFD", body.replace(_SYLLABLE, "").translate(_LOOK_ALIKES))
    for parts, letter in _COMPOSED.items():
        letters = letters.replace(parts, letter)
    return letters + marks

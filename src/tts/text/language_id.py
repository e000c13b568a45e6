"""Language identification: by script, and by pieces of words where languages share a script.

The pieces are those of Cavnar and Trenkle 1994 (N-Gram-Based Text Categorization), up to four
characters, scored by Zipf's law: a piece of rank r counts as log(r + 20). Short sentences have few
pieces, so everyday words count too, as a whole. It is deterministic, and its tables load in a few
hundredths of a second, when a text needs them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tts.text.scripts import script_of, scripts_of

_TABLE = Path(__file__).with_name("language_ngrams.txt")
_EVERYDAY = Path(__file__).with_name("language_everyday.txt")
_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?:[^\W\d_]|[\u0900-\u0963])+")  # with the vowel signs of Devanagari
_LONGEST = 4  # characters of a piece
_OFFSET = 20  # of ranks
_WORD_WEIGHT = 16.0  # nats in favor of the languages with an everyday word of four letters or more
_PRIOR = 8.0  # nats in favor of the default language, about two frequent words
# languages that are alone in their script, by espeak-ng's code
_SCRIPT_LANGUAGES = (
    "el", "he", "th", "ka", "hy", "bn", "ta", "te", "kn", "ml", "gu", "pa", "or", "si", "my", "am",
    "chr", "ko", "ja", "cmn",
)  # fmt: skip
_USUAL = {"CYRILLIC": "ru", "ARABIC": "ar", "DEVANAGARI": "hi"}  # of a single word
# letters that others of its neighbors do not have
_LETTERS = {
    "de": "ß", "es": "ñ¿¡", "pl": "łęąśźż", "cs": "řěů", "hu": "őű", "tr": "ğış", "pt": "ãõ",
    "ro": "ășțţ", "ru": "ыэё", "uk": "іїєґ", "sr": "ђћ", "mk": "ѓќѕ",
    "fa": "پچژگ", "ur": "ٹڈڑے۔", "sk": "ľĺŕ",
}  # fmt: skip
_ACRONYM = 4  # letters in capitals, which are of any language
_REGIONS = {"en": "en-us", "fr": "fr-fr"}  # espeak-ng's usual code of a language
_SAME = {"no": "nb", "nn": "nb", "zh": "cmn", "bs": "hr", "hbs": "hr"}


class Identification(NamedTuple):
    """The language of a text, and whether the text shows it."""

    language: str | None
    decided: bool  # False: another candidate would be returned as the default


def detect_language(
    text: str, candidates: Sequence[str] | None = None, default: str | None = None
) -> str | None:
    """Return the code of the language that ``text`` is in, one of ``candidates``.

    ``candidates``: espeak-ng's codes; None = all languages that can be detected, about fifty.
    ``default``: the language that is preferred where the text is short or several fit, and returned
    for a text without letters or in a script of no candidate.
    """
    return identify_language(text, candidates, default).language


def identify_language(
    text: str, candidates: Sequence[str] | None = None, default: str | None = None
) -> Identification:
    """Return what :func:`detect_language` does, and whether the text alone decides it."""
    scripts = Counter(
        script for script in map(script_of, text) if script not in (None, "COMBINING")
    )
    if not scripts:
        return Identification(default, decided=False)
    named = detectable() if candidates is None else tuple(candidates)
    if scripts.keys() & {"HIRAGANA", "KATAKANA"} and (found := _of(named, "ja")):
        return Identification(found, decided=True)
    script = scripts.most_common(1)[0][0]
    fitting = [code for code in named if script in scripts_of(code)]
    if len(fitting) < 2:
        return Identification(fitting[0] if fitting else default, decided=bool(fitting))
    scores = _scores(text, frozenset(map(_base, fitting)))
    for code, letters in _LETTERS.items():
        if code in scores and not set(letters).isdisjoint(text.casefold()):
            scores[code] += _PRIOR
    ranked = sorted(scores.values(), reverse=True)
    decided = bool(ranked) and ranked[0] - (*ranked, 0.0)[1] > _PRIOR
    preferred = default if default in fitting else _USUAL.get(script)
    if preferred is not None and _base(preferred) in scores:
        scores[_base(preferred)] += _PRIOR
    best = max(scores.values(), default=0.0)
    if best <= 0.0:
        return Identification(default if default in fitting else fitting[0], decided=False)
    tied = [code for code in fitting if scores.get(_base(code)) == best]
    return Identification(default if default in tied else tied[0], decided)


@cache
def detectable() -> tuple[str, ...]:
    """Return espeak-ng's codes of the languages that can be detected, without regional variants."""
    return (*(_REGIONS.get(code, code) for code in _languages()), *_SCRIPT_LANGUAGES)


def _of(codes: Sequence[str], language: str) -> str | None:
    return next((code for code in codes if _base(code) == language), None)


def _base(code: str) -> str:
    base = code.split("-")[0]
    return _SAME.get(base, base)


def _scores(text: str, languages: frozenset[str]) -> dict[str, float]:
    """Return a score of each language that has a table."""
    known, weights, everyday = _languages(), _weights(), _everyday()
    scores = {code: 0.0 for code in known if code in languages}
    for word in _WORD.findall(text):
        if word.isupper() and 1 < len(word) <= _ACRONYM:
            continue
        for piece in _pieces(word.casefold()):
            for code, weight in weights.get(piece, {}).items():
                if code in scores:
                    scores[code] += weight
    for word in _WHOLE_WORD.findall(text.casefold()):
        for code in everyday.get(word, ()):
            if code in scores:
                scores[code] += _WORD_WEIGHT * min(len(word), _LONGEST) / _LONGEST
    return scores


def _pieces(word: str) -> Iterator[str]:
    edged = f"_{word}_"
    for length in range(1, _LONGEST + 1):
        for start in range(len(edged) - length + 1):
            if (piece := edged[start : start + length]) != "_":
                yield piece


@cache
def _rows(table: Path) -> dict[str, list[str]]:
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = (line.split(" ") for line in lines if not line.startswith("#"))
    return {row[0]: row[1:] for row in rows}


def _languages() -> tuple[str, ...]:
    return tuple(_rows(_TABLE))


@cache
def _weights() -> dict[str, dict[str, float]]:
    """Return the weight of each piece in the languages that have it."""
    weights: dict[str, dict[str, float]] = {}
    for code, pieces in _rows(_TABLE).items():
        size = len(pieces) + _OFFSET
        for rank, piece in enumerate(pieces):
            weights.setdefault(piece, {})[code] = math.log(size / (rank + _OFFSET))
    return weights


@cache
def _everyday() -> dict[str, list[str]]:
    """Return the languages of each everyday word."""
    languages: dict[str, list[str]] = {}
    for code, words in _rows(_EVERYDAY).items():
        for word in words:
            languages.setdefault(word, []).append(code)
    return languages

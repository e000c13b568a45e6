"""Abbreviations of a language: one table, which sentence splitting and normalization share."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

_WINDOW = 60  # characters of context that a decision can use
_NUMBER_AFTER = re.compile(r"\s?(?:[#§(]? ?\d|[A-Z]\b|[IVXLC]{2,7}\b)")
_INITIAL_BEFORE = re.compile(r"\b[^\W\d_a-z]\.\s?$")
_NUMBER_BEFORE = re.compile(r"(?:\d|[½¼¾⅓⅔])[\s-]?$")
_SMALLER_UNIT = re.compile(r"\s?\d{1,3}\s?[^\W\dA-Z_]{1,4}\b")
_NEXT_WORD = re.compile(r"[\W_]*([^\W_][\w'’]*)")


_CAPITALIZED = re.compile(r"\b[^\W\d_a-z]\w+\s$")  # Main St. The house, but met Dr. No


class Kind(Enum):
    """What an abbreviation requires around it, and whether its dot can end a sentence.

    An abbreviation of several kinds is of the first one here that fits its context.
    """

    BEFORE_NAME = "requires a capitalized word behind it; never ends a sentence"
    BEFORE_NUMBER = "requires a number or a single capital behind it; never ends a sentence"
    UNIT = "requires a number before it; ends a sentence before any capital"
    COUNTED = "requires a number before it; ends a sentence before a starter"
    INSIDE = "never ends a sentence"
    AMBIGUOUS = "ends a sentence before a starter"
    ENDING = "ends a sentence before any capital or number"


_AFTER_NUMBER = frozenset({Kind.UNIT, Kind.COUNTED})
_TOUCHES_NUMBER = _AFTER_NUMBER | {Kind.AMBIGUOUS, Kind.ENDING}  # 5min., 7a.m.


class Found(NamedTuple):
    """An abbreviation in a text."""

    start: int
    end: int  # behind the dot
    words: str  # how it is read
    kind: Kind


class Abbreviations:
    """The abbreviations of a language, each written with its dots; ``z. B.`` also finds ``z.B.``.

    An entry such as ``-str.`` is the end of a longer word: ``Hauptstr.``.

    ``tables``: for each :class:`Kind`, abbreviations and how they are read; "" removes only the
    dot. Variants with a first capital (``Vgl.``) and in capitals (``DR.``) are found too.
    ``starters``: capitalized words that begin a sentence (``The``, ``He``) and are never names.
    ``rejects``: called with an abbreviation, its kind, and up to 60 characters before and behind
    it; True if it is something else there: ``I said no. 12 of us came.`` ``lettered``: words in
    small letters before a single letter that is not an initial: ``plan B.``
    """

    def __init__(
        self,
        tables: Mapping[Kind, Mapping[str, str]] | None = None,
        starters: Collection[str] = (),
        rejects: Callable[[str, Kind, str, str], bool] | None = None,
        lettered: Collection[str] = (),
    ):
        self.lettered = frozenset(lettered)
        self.starters = frozenset(starters)
        self._rejects = rejects
        self._entries: dict[str, list[tuple[str, Kind]]] = {}
        written = [
            (name, words, kind)
            for kind in Kind
            for name, words in (tables or {}).get(kind, {}).items()
        ]
        listed = {_canonical(name) for name, _, _ in written}
        written += [
            (f"{name}.", words, kind)  # many write Mme. and mgr.
            for name, words, kind in written
            if len(name) > 2 and name.isalpha() and f"{name}." not in listed
        ]
        for name, words, kind in written:
            for variant, spelled in _variants(name, words).items():
                if variant == _canonical(name) or variant not in listed:
                    self._entries.setdefault(variant, []).append((spelled, kind))
        names = sorted(self._entries, key=len, reverse=True)
        entire = "|".join(_pattern(name) for name in names if name[0] != "-") or "(?!)"
        ends = "|".join(_pattern(name[1:]) for name in names if name[0] == "-") or "(?!)"
        # a number can touch a unit: 5min.
        self._pattern = re.compile(
            rf"(?:(?<![\w.])|(?<=\d))(?:{entire})|(?<=[^\W\d_])(?P<end>{ends})"
        )
        self.names = {name: tuple(kind for _, kind in self._entries[name]) for name in names}
        self._has_dotless = any("." not in name for name in names)

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Yield what is spelled like an abbreviation, in order; :meth:`fit` decides."""
        return self._pattern.finditer(text) if self._has_dotless or "." in text else iter(())

    def expand(self, text: str) -> str:
        """Replace the abbreviations of one sentence by words; a dot at its end stays."""
        parts, end = [], 0
        for match in self.matches(text):
            found = self.fit(match, text)
            if found:
                parts += [text[end : found.start], self._in_words(found, text)]
                end = found.end
        return "".join([*parts, text[end:]]) if end else text

    def starts_sentence(self, text: str, position: int) -> bool:
        """Return whether the first word behind ``position`` is a starter."""
        match = _NEXT_WORD.match(text, position, position + _WINDOW)
        if match is None or text[match.end() : match.end() + 1] == ".":
            return False
        word = re.split("['’]", match[1])[0]
        return word in self.starters or (word.isupper() and word.capitalize() in self.starters)

    def _in_words(self, found: Found, text: str) -> str:
        written = text[found.start : found.end]
        words = found.words or written.rstrip(".")
        if found.start and text[found.start - 1].isdigit():
            words = f" {words}"
        if written.endswith(".") and ends_text(text, found.end):
            return f"{words}."
        return f"{words} " if text[found.end : found.end + 1].isalnum() else words

    def fit(self, match: re.Match[str], text: str, start: int = 0) -> Found | None:
        """Return what a match is in the sentence that begins at ``start``; None: a plain word."""
        name = _canonical(match[0] if match["end"] is None else f"-{match['end']}")
        before = text[max(start, match.start() - _WINDOW) : match.start()]
        after = text[match.end() : match.end() + _WINDOW]
        if not _is_whole(name, after):
            return None
        touches_number = before[-1:].isdigit()
        for words, kind in self._entries[name]:
            if touches_number and kind not in _TOUCHES_NUMBER:
                continue
            between = _NUMBER_BEFORE.search(before) and _SMALLER_UNIT.match(after)
            if kind is Kind.BEFORE_NUMBER and self._is_unit(name) and between:
                continue  # 12 ч. 30 мин.
            if after[:1].isdigit() and kind is not Kind.BEFORE_NUMBER:
                continue
            if kind is Kind.BEFORE_NAME and len(name) == 2 and _INITIAL_BEFORE.search(before):
                continue  # J. S. Bach
            if not self._has_context(kind, before, after):
                continue
            if self._rejects and self._rejects(name, kind, before, after):
                continue
            return Found(match.start(), match.end(), words, kind)
        return None

    def _is_unit(self, name: str) -> bool:
        return any(kind in _AFTER_NUMBER for _, kind in self._entries[name])

    def _has_context(self, kind: Kind, before: str, after: str) -> bool:
        if kind is Kind.BEFORE_NUMBER:
            return _NUMBER_AFTER.match(after) is not None
        if kind in _AFTER_NUMBER:
            return _NUMBER_BEFORE.search(before) is not None
        if kind is Kind.BEFORE_NAME:
            following = _NEXT_WORD.match(after)
            return (
                following is not None
                and following.start(1) <= 2
                and following[1][0].isupper()
                and not (_CAPITALIZED.search(before) and self.starts_sentence(after, 0))
            )
        return True


def ends_text(text: str, position: int) -> bool:
    """Return whether no word and no other stop follows ``position``."""
    return not any(c.isalnum() or c in ".!?…" for c in text[position:])


def _is_whole(name: str, after: str) -> bool:
    """Return whether no letters follow that make the name a part of something longer."""
    if not name.endswith("."):
        return True  # its pattern sees to that
    if after[:1].islower():
        return False
    return not (after[:1].isalpha() and after[1:2] == ".")  # U.S. in U.S.A.


def _variants(name: str, words: str) -> dict[str, str]:
    """Return the spellings of an abbreviation, with the words of each."""
    spellings = {_canonical(name): words}
    if sum(map(str.isalpha, name)) > 1:  # P. is an initial
        capitalized = words[:1].upper() + words[1:]
        spellings.setdefault(_canonical(name[0].upper() + name[1:]), capitalized)
        spellings.setdefault(_canonical(name.upper()), words)
    return spellings


def _canonical(name: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\.\s+", ".", name))


def _pattern(name: str) -> str:
    escaped = re.escape(name).replace(r"\ ", r"\s")
    whole = "" if name.endswith(".") else r"(?![^\W\d])"  # D.a, but not in D. Ana
    return re.sub(r"\\\.(?!$)", r"\\.\\s?", escaped) + whole

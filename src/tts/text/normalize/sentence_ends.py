"""Ends of sentences: which marks end one, given the abbreviations of the language."""

import re
from collections.abc import Iterator

from tts.text.normalize.abbreviations import Abbreviations, Found, Kind

_END = re.compile(  # the last of the marks that follow each other, also with spaces between them
    r"""(?<![.!?…])[.!?…]+(?:\s+[.!?…]+)*(?:["'”’“‘«»‹›)\]]|\s+[»›](?=[\s.,;:!?)]))*(?=\s)"""
    r"""(?!\s+(?:[!?…。！？؟۔।።]|\.(?!\d)))"""
    r"""|[。！？؟۔።।]+[”’」』»]*"""
)
_CLOSING = " \u00a0\u202f\"'”’“‘«»‹›)]」』"  # also a French » behind a space
_WORD = re.compile(r"[^\W_]")
_NEXT = re.compile(r"[\W_]{0,60}([^\W_])(\w?)")
_LAST_WORD = re.compile(r"[^\s(\"'“‘\[—–]+$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_HYPHENATED = re.compile(r"[^\W\d_]\.-[^\W\d_]")
# 3., 3.-5., 24.12., XIV.
_ORDINAL = re.compile(r"\d{1,3}(?:\.?[-–]\d{1,3})?|\d{1,2}\.\d{1,2}|[IVXLC]{2,7}")
_DAY_AND_MONTH = re.compile(r"\s\d{1,2}\.")
# 1. First, a. First, IV. Results, 2.1. Methods
_LIST_NUMBER = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[^\W\d_]|[IVXLC]{1,6})\.")
_WINDOW = 60
# languages in which a dot after a number makes it an ordinal: "3. Mai"
_ORDINAL_DOT = frozenset(
    ["cs", "da", "de", "et", "fi", "hr", "hu", "is", "lb", "lv", "nb", "no", "pl", "sk", "sl", "sr"]
)


def sentences(text: str, table: Abbreviations, language: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence of one line of text; each contains a word.

    Only characters of the sentence and the first word behind it are used, so a sentence alone is
    split as in its text.
    """
    start, word = 0, _WORD.search(text)
    list_number = _LIST_NUMBER.match(text)
    first_mark = list_number.end() if list_number else 0
    matches = table.matches(text)
    match = next(matches, None)
    for mark in _END.finditer(text, first_mark):
        if word is None or mark.start() < word.start():
            continue
        # the abbreviation that contains the mark's first character, if any
        while match is not None and match.end() <= mark.start():
            match = next(matches, None)
        inside = match is not None and match.start() <= mark.start()
        abbreviation = table.fit(match, text, start) if match is not None and inside else None
        if _is_end(text, start, mark, abbreviation, table, language):
            yield start, mark.end()
            start = mark.end()
            word = _WORD.search(text, start)
    yield start, len(text)


def _is_end(
    text: str,
    start: int,
    mark: re.Match[str],
    abbreviation: Found | None,
    table: Abbreviations,
    language: str,
) -> bool:
    """Return whether the matched mark ends the sentence that begins at ``start``."""
    following = _NEXT.match(text, mark.end())
    if following is None:
        return False
    if following[1].islower() and not following[2].isupper():  # iPhone
        return False
    if mark[0].rstrip(_CLOSING) not in (*".。।።۔",):
        return True
    if abbreviation is not None:
        if mark.start() < abbreviation.end - 1 or abbreviation.kind in _NEVER:
            return False
        if abbreviation.kind is Kind.UNIT and following[1].isdigit():  # 6 ft. 2 in.
            return False
        return abbreviation.kind in _ALWAYS or table.starts_sentence(text, mark.end())
    last = _LAST_WORD.search(text, max(start, mark.start() - _WINDOW), mark.start())
    if last is None:
        return True
    if not table.names and following[1].isdigit() and last[0].isalpha() and len(last[0]) <= 4:
        return False  # No. 5, Jan. 5
    initial = _is_initial(last[0], language)
    if initial and _word_before(text, last.start(), start) in table.lettered:
        return True
    if initial or _DOTTED.fullmatch(last[0]):
        return table.starts_sentence(text, mark.end())
    is_ordinal = _has_ordinal_dot(language) and _ORDINAL.fullmatch(last[0])
    if is_ordinal and _is_numbered(text[max(start, last.start() - _WINDOW) : last.start()], table):
        return True  # See p. 3. Then
    if is_ordinal and following[1].isalpha():
        return table.starts_sentence(text, mark.end())
    return not (is_ordinal and _DAY_AND_MONTH.match(text, mark.end()))


def _is_initial(word: str, language: str) -> bool:
    """Return whether ``word`` is J in J. Smith, J.-P in J.-P. Sartre, or i in German i. E."""
    if _HYPHENATED.fullmatch(word):
        return True
    if len(word) != 1 or not word.isalpha():
        return False
    if word.islower():
        return language.split("-")[0] == "de"  # elsewhere it can be a word: il y a.
    return word != "I" or _has_ordinal_dot(language)


def _has_ordinal_dot(language: str) -> bool:
    return language.split("-")[0] in _ORDINAL_DOT


def _is_numbered(before: str, table: Abbreviations) -> bool:
    """Return whether the last word is an abbreviation that a number follows: p. 3."""
    words = before.split()
    return bool(words) and Kind.BEFORE_NUMBER in table.names.get(words[-1], ())


def _word_before(text: str, position: int, start: int) -> str:
    words = text[max(start, position - _WINDOW) : position].split()
    return words[-1].lower() if words else ""


_ALWAYS = frozenset({Kind.UNIT, Kind.ENDING})
_NEVER = frozenset({Kind.INSIDE, Kind.BEFORE_NAME, Kind.BEFORE_NUMBER})

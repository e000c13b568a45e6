"""Lines of a text: which line ends are pauses, and which only wrap a paragraph."""

import re
from itertools import pairwise

_LINE_END = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
_LIST_ITEM = re.compile(r"\s*(?:[-*•·●▪◦‣]\s|[(\[]?(?:\d{1,3}|[^\W\d_]|[IVXLCivxlc]{1,6})[.)\]]\s)")
_WORD = re.compile(r"[^\W_]")
_WRAP_WIDTH = 40  # shortest width of a paragraph whose lines are wrapped before capital letters
_MIN_WRAPPED = 3  # lines of such a paragraph


def split_lines(text: str) -> list[str]:
    """Return the lines of ``text`` at whose ends a reader pauses; blank lines are left out.

    Lines of a wrapped paragraph are joined by a space: those that break where the next word would
    pass the longest line, if the next one begins in small letters or the paragraph is wide and
    wrapped throughout. List items are never joined to the line before; a line without words is.
    """
    found: list[str] = []
    paragraph: list[str] = []
    for written in (*_LINE_END.split(text), ""):
        if line := " ".join(written.split()):
            paragraph.append(line)
        elif paragraph:
            for joined in _joined(paragraph):
                if found and not _WORD.search(joined):
                    found[-1] += f" {joined}"
                else:
                    found.append(joined)
            paragraph = []
    return found


def _joined(lines: list[str]) -> list[str]:
    """Join the lines of one paragraph that are wrapped."""
    width = max(map(len, lines))
    full = [
        len(line) + 1 + len(following.split(maxsplit=1)[0]) > width
        for line, following in pairwise(lines)
    ]
    is_wrapped = all(full) and width >= _WRAP_WIDTH and len(lines) >= _MIN_WRAPPED
    joined = lines[:1]
    for line, following, is_full in zip(lines[:-1], lines[1:], full, strict=True):
        continues = following[0].islower() and line[-1] not in ".!?:;…" and not _is_one_word(line)
        wrapped = is_full and (is_wrapped or continues) and not _LIST_ITEM.match(following)
        if wrapped:
            joined[-1] += f" {following}"
        else:
            joined.append(following)
    return joined


def _is_one_word(line: str) -> bool:
    return len(line.split(maxsplit=1)) == 1

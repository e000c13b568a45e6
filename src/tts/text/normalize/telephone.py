"""Telephone numbers, read digit by digit with a pause after each group."""

import re
from collections.abc import Callable

from tts.text.normalize.shared_rules import Rule

_MIN_DIGITS, _MAX_DIGITS = 6, 15  # the longest international number has 15
_GROUPS = r"\(?\d{1,11}\)?(?:(?: ?[-/] ?| ?\(0\) ?|[ .]|(?<=\)))\(?\d{1,11}\)?)*"
_HAS_DIGIT = re.compile(r"\d")


def telephone(digits: Callable[[str], str], plus: str, announced: str, national: str) -> Rule:
    """Read ``+44 20 7946 0958``, numbers after a word for telephone, and ``national`` forms.

    ``digits``: reads one group. ``plus``: the word for the sign. ``announced``: a pattern of the
    words before a number, such as ``Tel|Telefon``. ``national``: a pattern, without capturing
    groups, of numbers that are telephone numbers without such a word.
    """
    pattern = re.compile(
        rf"(?<![\w.,/+-])(?:(?P<plus>\+|00(?=[1-9]))(?P<international>{_GROUPS})(?!\w)"
        rf"|(?P<national>{national})(?!\w|[.,:/-]\d)"
        rf"|(?P<word>\b(?i:{announced})\b[.:]*\s*(?:[^\W\d]{{1,6}} )?)(?P<number>{_GROUPS})(?!\w))"
    )

    def spell(match: re.Match[str]) -> str:
        written = match["international"] or match["national"] or match["number"]
        groups = re.findall(r"\d+", written.replace("(0)", ""))
        least = 3 if match["number"] else _MIN_DIGITS
        if not least <= sum(map(len, groups)) <= _MAX_DIGITS:
            return match[0]
        prefix = f"{plus} " if match["plus"] else match["word"] or ""
        return prefix + ", ".join(digits(group) for group in groups)

    return lambda text: pattern.sub(spell, text) if _HAS_DIGIT.search(text) else text

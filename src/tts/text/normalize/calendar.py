"""Numeric dates: a rule for every language, given its order and separators."""

import re
from collections.abc import Callable

from tts.text.normalize.shared_rules import Rule, rule


def numeric_dates(
    separators: str, spell: Callable[[int, int, int], str], month_first: bool = False
) -> list[Rule]:
    """Replace 2024-05-17, and 17/5/2024 with one of ``separators``, by ``spell(day, month, year)``.

    Impossible dates stay as they are.
    """

    def checked(day: str, month: str, year: str, written: str) -> str:
        valid = 1 <= int(month) <= 12 and 1 <= int(day) <= 31
        return spell(int(day), int(month), int(year)) if valid else written

    def local_order(match: re.Match[str]) -> str:
        first, second, year = match.group(1, 3, 4)
        day, month = (second, first) if month_first else (first, second)
        if int(month) > 12:
            day, month = month, day
        return checked(day, month, year, match[0])

    return [
        rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda m: checked(m[3], m[2], m[1], m[0])),
        rule(
            rf"(?<![\w.,/-])(\d{{1,2}})([{re.escape(separators)}])(\d{{1,2}})\2(\d{{4}})\b",
            local_order,
        ),
    ]

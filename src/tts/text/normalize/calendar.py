"""Dates written in digits, which languages share but for their order and marks."""

import re
from collections.abc import Callable

from tts.text.normalize.rules import Rule, rule


def dates_in_digits(
    marks: str, say: Callable[[int, int, int], str], month_first: bool = False
) -> list[Rule]:
    """2024-05-17, and 17/5/2024 with one of ``marks``; ``say(day, month, year)`` speaks it.

    What cannot be a date is left alone.
    """

    def spoken(day: str, month: str, year: str, written: str) -> str:
        real = 1 <= int(month) <= 12 and 1 <= int(day) <= 31
        return say(int(day), int(month), int(year)) if real else written

    def local(match: re.Match[str]) -> str:
        first, second, year = match.group(1, 3, 4)
        day, month = (second, first) if month_first else (first, second)
        if int(month) > 12:
            day, month = month, day
        return spoken(day, month, year, match[0])

    return [
        rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda m: spoken(m[3], m[2], m[1], m[0])),
        rule(rf"(?<![\w.,/-])(\d{{1,2}})([{re.escape(marks)}])(\d{{1,2}})\2(\d{{4}})\b", local),
    ]

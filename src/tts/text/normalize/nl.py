"""Dutch text normalization."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.calendar import numeric_dates
from tts.text.normalize.nl_tables import ABBREVIATIONS, CURRENCIES, MONTHS, SYMBOLS, UNITS
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule


class _DutchNumbers(Numbers):
    """Years from 1100 to 1999 are read in hundreds, as one word."""

    def year(self, number: int) -> str:
        return super().year(number) if 1100 <= number < 2000 else self.cardinal(number)


NUMBERS = _DutchNumbers("nl", decimal=",", group=".", point="komma", minus="min")


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        ABBREVIATIONS.expand,
        shared.spelled_letters(),
        *numeric_dates("-/.", _date),
        rule(
            rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})\b",
            lambda m: _date(int(m[1]), MONTHS.index(m[2]) + 1, int(m[3])),
        ),
        rule(r"\b(\d{1,2})[:.](\d\d)(?: ?uur\b|(?<=:\d\d)(?![\d:]))", _time),
        rule(r"\b(\d{1,9})(?:e|de|ste)\b", lambda m: NUMBERS.ordinal(int(m[1]))),
        shared.money(NUMBERS, CURRENCIES, "", "duizend|miljoen|miljard"),
        shared.ranges("tot"),
        shared.units(NUMBERS, UNITS),
        rule(r"(?<![\w.,-])(1[1-9]\d\d)(?![\d.,:]*\d|\w|-\w)", lambda m: NUMBERS.year(int(m[1]))),
        shared.codes(NUMBERS),
        shared.plain_numbers(NUMBERS),
        shared.symbols(SYMBOLS),
    ]


def _date(day: int, month: int, year: int) -> str:
    return f"{NUMBERS.cardinal(day)} {MONTHS[month - 1]} {NUMBERS.year(year)}"


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return match[0]
    words = f"{NUMBERS.cardinal(hour)} uur"
    return f"{words} {NUMBERS.cardinal(minute)}" if minute else words

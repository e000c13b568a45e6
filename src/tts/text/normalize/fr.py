"""French text normalization."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.calendar import numeric_dates
from tts.text.normalize.fr_tables import (
    ABBREVIATIONS,
    CURRENCIES,
    FEMININE,
    MONTHS,
    SYMBOLS,
    UNITS,
)
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule


class _FrenchNumbers(Numbers):
    """French of Belgium and Switzerland uses septante, nonante."""

    def __init__(self, language: str):
        code = {"fr-be": "fr_BE", "fr-ch": "fr_CH"}.get(language, "fr")
        super().__init__(code, decimal=",", group=" .", point="virgule", minus="moins")

    def one(self, noun: str) -> str:
        return "une" if noun.split()[0] in FEMININE else "un"


def rules(language: str) -> list[Rule]:
    """Return the rules; numbers differ between France, Belgium and Switzerland."""
    numbers = _FrenchNumbers(language)

    def date(day: int, month: str, year: int | None) -> str:
        words = f"{'premier' if day == 1 else numbers.cardinal(day)} {month}"
        return f"{words} {numbers.year(year)}" if year else words

    return [
        ABBREVIATIONS.expand,
        shared.spelled_letters(),
        *numeric_dates("/.-", lambda d, m, y: date(d, MONTHS[m - 1], y)),
        rule(
            rf"\b(\d{{1,2}})(?:er)? ({'|'.join(MONTHS)})\b(?: (\d{{4}})\b)?",
            lambda m: date(int(m[1]), m[2], int(m[3]) if m[3] else None),
        ),
        rule(r"\b(\d{1,2}) ?(?:h|:) ?(\d\d)\b(?![:\d])", lambda m: _time(numbers, m)),
        rule(r"\b([IVX]+)e(?= siècle)", lambda m: numbers.ordinal(_roman(m[1]))),
        rule(r"\b1(?:re|ère)s?\b", "première"),
        rule(r"\b1ers?\b", "premier"),
        rule(r"\b(\d{1,9})(?:e|ème|è)s?\b", lambda m: numbers.ordinal(int(m[1]))),
        shared.money(numbers, CURRENCIES, "et ", "mille|millions?|milliards?"),
        shared.ranges("à"),
        shared.units(numbers, UNITS),
        shared.codes(numbers),
        shared.plain_numbers(numbers),
        shared.symbols(SYMBOLS),
    ]


def _time(numbers: Numbers, match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return match[0]
    words = numbers.with_noun(str(hour), "heure", "heures")
    return f"{words} {numbers.cardinal(minute)}" if minute else words


def _roman(written: str) -> int:
    digits = [{"I": 1, "V": 5, "X": 10}[letter] for letter in written]
    following = [*digits[1:], 0]
    return sum(-d if d < f else d for d, f in zip(digits, following, strict=True))

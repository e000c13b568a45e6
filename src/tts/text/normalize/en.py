"""English text normalization."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.en_abbreviations import ABBREVIATIONS
from tts.text.normalize.en_calendar import dates, decades, times, years
from tts.text.normalize.en_tables import (
    COUNTED,
    CURRENCIES,
    LETTERS,
    SYMBOLS,
    UNITS,
)
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule


class _EnglishNumbers(Numbers):
    """American English reads "one hundred five", British "one hundred and five"."""

    def __init__(self, american: bool):
        super().__init__("en", decimal=".", group=",", point="point", minus="minus")
        self.american = american

    def to_words(self, number: int, kind: str) -> str:
        words = super().to_words(number, kind).replace("oh-", "oh ")
        return words.replace(" and ", " ") if self.american else words


def rules(language: str) -> list[Rule]:
    """Return the rules; American English writes dates month first, other regions day first."""
    american = language.startswith("en-us")
    numbers = _EnglishNumbers(american)
    return [
        _web_addresses,
        ABBREVIATIONS.expand,
        rule(r"(?<!\w)([#§]) ?(?=\d)", lambda m: "number " if m[1] == "#" else "section "),
        shared.spelled_letters(),
        _capital_letters,
        _roman_numerals(numbers),
        *dates(numbers, month_first=american),
        *times(numbers),
        shared.money(numbers, CURRENCIES, "and ", "thousand|million|billion|trillion"),
        rule(r"(?<![\w.])(\d+)¢", lambda m: f"{numbers.integer(m[1])} cent{'s' * (m[1] != '1')}"),
        rule(
            r"(?<![\w.,])(\d[\d,]{,14})(?:st|nd|rd|th)\b",
            lambda match: numbers.ordinal(int(match[1].replace(",", ""))),
        ),
        *_fractions(numbers),
        shared.ranges("to"),
        decades(numbers),
        shared.units(numbers, UNITS),
        years(numbers),
        shared.codes(numbers),
        rule(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)", " "),
        rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " "),
        shared.plain_numbers(numbers),
        shared.symbols(SYMBOLS),
    ]


_ADDRESS = re.compile(
    r"(?<![\w.@-])(?:https?://)?((?:[\w-]+[.@])+(?:com|org|net|edu|gov|io|uk|de|eu|info))\b(/[^\s,;]*)?"
)
_IN_ADDRESS = {".": "dot", "@": "at", "/": "slash", "?": "question mark", "=": "equals"}
_IN_ADDRESS |= {"-": "dash", "_": "underscore", "&": "and", "#": "hash"}


def _web_addresses(text: str) -> str:
    def spell(match: re.Match[str]) -> str:
        address = match[1].replace("www", "w w w", 1) + (match[2] or "")
        tail = address.rstrip("/.:!?)")
        end = address[len(tail) :].lstrip("/")
        return re.sub(r"[.@/?=_&#-]", lambda m: f" {_IN_ADDRESS[m[0]]} ", tail) + end

    return _ADDRESS.sub(spell, text)


_CAPITALS = re.compile(r"(?<![\w-])(" + "|".join(LETTERS) + r")(?=s?\b)(?![-$])")


def _capital_letters(text: str) -> str:
    if text.isupper():  # in text of capitals only, US can be "us"
        return text
    return _CAPITALS.sub(lambda match: " ".join(match[1]), text)


def _roman_numerals(numbers: Numbers) -> Rule:
    """Henry VIII, World War II. Single letters stay: they are rarely numerals."""
    values = {"I": 1, "V": 5, "X": 10}

    def spell(match: re.Match[str]) -> str:
        digits = [values[digit] for digit in match[2]]
        following = [*digits[1:], 0]
        value = sum(-d if d < f else d for d, f in zip(digits, following, strict=True))
        if match[1] in COUNTED:
            return f"{match[1]} {numbers.cardinal(value)}"
        return f"{match[1]} the {numbers.ordinal(value)}"

    return rule(r"\b([A-Z][a-z]+) ((?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3}))\b(?!\.\w)", spell)


def _fractions(numbers: Numbers) -> list[Rule]:
    names = {2: "half", 3: "third", 4: "quarter"}

    def fraction(numerator: int, denominator: int) -> str:
        name = names.get(denominator) or numbers.ordinal(denominator)
        plural = "halves" if name == "half" else f"{name}s"
        return f"{numbers.cardinal(numerator)} {name if numerator == 1 else plural}"

    def mixed(match: re.Match[str]) -> str:
        numerator, denominator = int(match[2]), int(match[3])
        simple = numerator == 1 and denominator in names
        part = f"a {names[denominator]}" if simple else fraction(numerator, denominator)
        return f"{numbers.integer(match[1])} and {part}"

    def proper_or_over(match: re.Match[str]) -> str:
        numerator, denominator = int(match[1]), int(match[2])
        if 0 < numerator < denominator <= 10:
            return fraction(numerator, denominator)
        return f"{numbers.integer(match[1])} over {numbers.integer(match[2])}"

    return [
        rule(r"\b24/7\b", "twenty-four seven"),
        rule(r"(?<![\w.,])(\d+) (\d)[/⁄]([2-9]|10)\b(?!/)", mixed),
        rule(r"(?<![\w.,/])(\d{1,4})[/⁄](\d{1,4})\b(?!/)", proper_or_over),
    ]

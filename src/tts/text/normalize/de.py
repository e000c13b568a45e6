"""German text normalization."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.calendar import numeric_dates
from tts.text.normalize.de_tables import ABBREVIATIONS, CURRENCIES, MONTHS, SYMBOLS, UNITS
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule


class _GermanNumbers(Numbers):
    """Years from 1100 to 1999 are read in hundreds."""

    def one(self, noun: str) -> str:
        return "eine" if noun.endswith("e") else "ein"  # Minute, Stunde, Tonne

    def year(self, number: int) -> str:
        return super().year(number) if 1100 <= number < 2000 else self.cardinal(number)


NUMBERS = _GermanNumbers("de", decimal=",", group=".", point="Komma", minus="minus")

_MONTH = "|".join([*MONTHS, "Jänner"])
_WEAK = "am|im|vom|zum|zur|beim|dem|den|des|ab|bis|seit|ihrem|ihren|seinem|seinen|jedem|jeden"
_STRONG = "der|die|das|diese|dieser|dieses|jede|jeder|jedes|welche|welcher"


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        ABBREVIATIONS.expand,
        rule(r"(?<=[a-zß])str\.(?= ?\d|$)", "straße"),
        *numeric_dates(".", lambda day, month, year: f"{day}. {MONTHS[month - 1]} {year}"),
        rule(
            rf"(?i:\b({_WEAK}|der|die|das) )?\b([12]?\d|3[01])\. ?({_MONTH})\b(?: (\d{{4}})\b)?",
            _day_and_month,
        ),
        rule(
            rf"\b((?i:{_WEAK}|{_STRONG})) (\d{{1,3}})\.(?= ?[^\W\d_])",
            lambda m: f"{m[1]} {NUMBERS.ordinal(int(m[2]))}{_ending(m[1])}",
        ),
        shared.spelled_letters(),
        rule(r"\b(\d{1,2})[:.](\d\d)(?: ?Uhr\b|(?<=:\d\d)(?![\d:]))", _time),
        rule(r"\b(\d{1,2}) ?Uhr\b", lambda m: f"{NUMBERS.with_noun(m[1], 'Uhr', 'Uhr')}"),
        shared.money(NUMBERS, CURRENCIES, "", r"Mio\.|Mrd\.|Tausend|Millionen?|Milliarden?"),
        shared.ranges("bis"),
        shared.units(NUMBERS, UNITS),
        rule(r"(?<![\w.,-])(1[1-9]\d\d)(?![\d.,:]*\d|\w|-\w)", lambda m: NUMBERS.year(int(m[1]))),
        shared.codes(NUMBERS),
        shared.plain_numbers(NUMBERS),
        shared.symbols(SYMBOLS),
    ]


def _day_and_month(match: re.Match[str]) -> str:
    before, day, month, year = match.groups()
    date = f"{NUMBERS.ordinal(int(day))}{_ending(before)} {month}"
    if year:
        date = f"{date} {NUMBERS.year(int(year))}"
    return f"{before} {date}" if before else date


def _ending(before: str | None) -> str:
    """Return an ordinal's ending after ``before``: der dritte, am dritten, dritter."""
    if before is None:
        return "r"
    return "" if re.fullmatch(_STRONG, before.lower()) else "n"


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return match[0]
    words = f"{NUMBERS.with_noun(str(hour), 'Uhr', 'Uhr')}"
    return f"{words} {NUMBERS.cardinal(minute)}" if minute else words

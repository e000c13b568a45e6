"""French text normalization."""

import re

from tts.text.normalize import roman
from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import (
    clock,
    durations,
    numeric_dates,
    ratios,
    time_spans,
    weekday_spans,
)
from tts.text.normalize.fr_numbers import FrenchNumbers, fraction, ordinals, telephone_group
from tts.text.normalize.fr_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    MONTHS,
    NOT_NOUNS,
    NUMBERED,
    OF_CURRENCIES,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.fractions import fractions
from tts.text.normalize.prices import prices_per, scaled_signs
from tts.text.normalize.romance import counted_nouns, halves, scaled_money
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts

_SCALES = "millions?|milliards?|billions?"


def rules(language: str) -> list[Rule]:
    """Return the rules; numbers differ between France, Belgium and Switzerland."""
    numbers = FrenchNumbers(language)

    def date(day: int, month: str, year: int | None) -> str:
        words = f"{'premier' if day == 1 else numbers.cardinal(day)} {month}"
        return f"{words} {numbers.cardinal(year)}" if year else words

    def time(hour: int, minute: int) -> str:
        words = numbers.with_noun(str(hour), "heure", "heures")
        return f"{words} {numbers.cardinal(minute)}" if minute else words

    def duration(*counts: int) -> str:
        nouns = ("heure", "minute", "seconde")
        parts = zip(counts, nouns, strict=True)
        return " ".join(numbers.with_noun(str(count), noun, f"{noun}s") for count, noun in parts)

    def day_and_month(match: re.Match[str]) -> str:
        day, month = int(match[1]), int(match[2])
        return date(day, MONTHS[month - 1], None) if 1 <= month <= 12 else match[0]

    return [
        addresses(ADDRESS),
        weekday_spans(WEEKDAYS, "à"),
        ABBREVIATIONS.expand,
        telephone(
            lambda group: telephone_group(numbers, group),
            "plus",
            "tél|téléphone|fax|portable|mobile|numéro de téléphone",
            r"0[1-9](?:[ .-]?\d\d){4}",
        ),
        *numeric_dates("/.-", lambda d, m, y: date(d, MONTHS[m - 1], y)),
        rule(
            r"(?<=\b[LlDdAaCc][eu] )(\d{1,2})/(\d{1,2})"
            r"(?![\w/]|[.,]\d| (?:finale|tarif|litre|heure|kilo|journée|pension))",
            day_and_month,
        ),
        rule(
            rf"\b(\d{{1,2}})(?:er)? ({'|'.join(MONTHS)})\b(?: (\d{{4}})\b)?",
            lambda m: date(int(m[1]), m[2], int(m[3]) if m[3] else None),
        ),
        *ordinals(numbers),
        roman.listed_numerals(numbers),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                time_spans("à"),
                durations(duration),
                rule(r"(?<![\w.,])(\d{1,2}) h (?=\d\d\b)", r"\1h"),
                clock(":h", "", time),
                rule(r"(?<![\w.,])(\d{1,2}) ?[hj] ?/ ?(?=(?:24|7)\b)", _every_day),
                rule(
                    r"(?<![\w.,])(\d{1,2}) ?m ?(\d\d)\b",
                    lambda m: (
                        f"{numbers.with_noun(m[1], 'mètre', 'mètres')} {numbers.integer(m[2])}"
                    ),
                ),
                rule(r"\b([Dd])e (?=une? heure)", r"\1'"),
                prices_per("par", {unit: names[0] for unit, names in UNITS.items()}),
                scaled_signs(
                    {"k": "mille", "M": "millions", "Md": "milliards", "Mds": "milliards"}
                ),
                scaled_money(_SCALES, OF_CURRENCIES),
                *english_amounts(),
                shared.money(numbers, CURRENCIES, "et ", f"mille|{_SCALES}"),
                shared.parts_of_units(UNITS, "de "),
                rule(r"\bde (?=heure|hectare|hectolitre)", "d'"),
                halves(numbers, lambda f, _: f"un{'e' * f} demi-", NOT_NOUNS),
                rule(r"(?<![\w.,/])(\d{4})/(?=\d\d(?:\d\d)?(?![\w/]))", r"\1 "),
                *fractions(numbers, lambda n, d: fraction(numbers, n, d), " et ", "sur"),
                rule(r" et un demi\b", " et demi"),
                shared.products("sur"),
                shared.ranges("à"),
                shared.units(numbers, UNITS),
                counted_nouns(numbers, NOT_NOUNS, NUMBERED),
                ratios("à"),
                dotted_numbers(numbers, "point"),
                shared.codes(numbers),
                shared.plain_numbers(numbers),
            ]
        ),
        shared.lone_units({unit: names[1] for unit, names in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


def _every_day(match: re.Match[str]) -> str:
    noun = "heures" if "h" in match[0] else "jours"
    return f"{match[1]} {noun} sur "

"""German text normalization."""

import re

from tts.text.normalize import roman
from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import (
    clock,
    dotted_times,
    durations,
    numeric_dates,
    ratios,
    time_spans,
)
from tts.text.normalize.de_numbers import (
    NUMBERS,
    ending,
    fraction,
    half_numbers,
    halves,
    joined_words,
    one_before_noun,
    ordinals,
)
from tts.text.normalize.de_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    MONTHS,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.fractions import fractions
from tts.text.normalize.prices import prices_per, scaled_signs
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts

_MONTH = "|".join([*MONTHS, "Jänner"])
_DAY = "|".join(WEEKDAYS)
_MONTHS_SPAN = rule(rf"\b({_MONTH})(?:-| ?— ?)({_MONTH})\b", r"\1 bis \2")
_SCALES = {"Mio": "Millionen", "Mrd": "Milliarden", "Tsd": "Tausend", "T": "Tausend"}
_NUMBERED_IN_ROMAN = (
    "Kapitel|Band|Teil|Akt|Szene|Buch|Abschnitt|Klasse|Typ|Stufe|Phase|Gruppe|Anhang|Artikel|Grad"
)
_BEFORE_DATE = "am|im|vom|zum|dem|den|des|ab|bis|seit|der|die|das"


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        addresses(ADDRESS),
        rule(
            rf"\b({_DAY})\.? ?(?:-|—) ?({_DAY})\b\.?",
            lambda m: f"{WEEKDAYS[m[1]]} bis {WEEKDAYS[m[2]]}",
        ),
        rule(
            r"(?:(?<=\d, )|(?<=\d[a-z], ))(?:D-)?(\d{5})(?= [A-ZÄÖÜ])",
            lambda m: NUMBERS.digits(m[1]),
        ),
        rule(rf"\b({_DAY})(?= \d{{1,2}}(?:[:.]\d\d)?(?:-\d| ?Uhr))", lambda m: WEEKDAYS[m[1]]),
        rule(r"\bMio\.(?= ?[€$£¥])", "Millionen"),
        rule(r"\bMrd\.(?= ?[€$£¥])", "Milliarden"),
        ABBREVIATIONS.expand,
        telephone(
            NUMBERS.digits,
            "plus",
            "Tel|Telefon|Telefonnummer|Fax|Mobil|Handy|Handynummer|Rufnummer|Hotline|Durchwahl|Notruf",
            r"\(?0[1-9]\d{1,4}\)?(?: ?[/-] ?| )\d{2,8}(?:[ -]\d{2,8})*",
        ),
        *numeric_dates(".", _written_date),
        rule(
            rf"(?i:\b({_BEFORE_DATE}) )?(?<![\d.,])(\d\d?)\.( und | bis | oder | ?- ?| — )"
            rf"(\d\d?)\. ?({_MONTH})\b(?: (\d{{4}})\b)?",
            _two_days,
        ),
        rule(
            rf"(?i:\b({_BEFORE_DATE}) )?\b([12]?\d|3[01])\. ?({_MONTH})\b(?: (\d{{4}})\b)?",
            _day_and_month,
        ),
        rule(
            rf"(?i:\b({_BEFORE_DATE}) )?(?<![\d.,])([12]?\d|3[01])\. ?(1[0-2]|0?[1-9])\.(?!\d)",
            _day_and_month_number,
        ),
        *ordinals(),
        roman.numbered_nouns(_NUMBERED_IN_ROMAN, NUMBERS.cardinal),
        roman.listed_numerals(NUMBERS),
        _MONTHS_SPAN,
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                dotted_times("[Uu]m|[Gg]egen"),
                time_spans("bis", " ?Uhr"),
                durations(_duration),
                clock(":.", " ?Uhr\\b", _time),
                prices_per("pro", {unit: names[0] for unit, names in UNITS.items()}),
                scaled_signs(_SCALES),
                rule(r"\b1 (Million|Milliarde|Billion)(?:en)?\b", r"eine \1"),
                *english_amounts(),
                shared.money(NUMBERS, CURRENCIES, "", "Tausend|Millionen?|Milliarden?|Billionen?"),
                shared.parts_of_units(UNITS),
                halves(),
                rule(
                    r"(?<![\w.,/-])(1[1-9]\d\d)/(?=\d\d(?:\d\d)?(?![\w/]))",
                    lambda m: f"{NUMBERS.year(int(m[1]))} ",
                ),
                *fractions(NUMBERS, fraction, " ", ""),
                half_numbers(),
                shared.products("mal"),
                shared.ranges("bis"),
                *joined_words(),
                rule(r"\b(\d{1,2}) ?Uhr\b", lambda m: _time(int(m[1]), 0)),
                shared.units(NUMBERS, UNITS),
                one_before_noun(),
                rule(
                    r"(?<![\w.,-])(1[1-9]\d\d)(?![\d.,:]*\d|\w|-\w)",
                    lambda m: NUMBERS.year(int(m[1])),
                ),
                ratios("zu"),
                dotted_numbers(NUMBERS, "Punkt"),
                shared.codes(NUMBERS),
                shared.plain_numbers(NUMBERS),
            ]
        ),
        shared.lone_units({unit: names[1] for unit, names in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


def _written_date(day: int, month: int, year: int) -> str:
    return f"{day}. {MONTHS[month - 1]} {NUMBERS.year(year)}"


def _two_days(match: re.Match[str]) -> str:
    """Am 1. und 2. Mai, vom 3.-5. Mai 2024: both days have one ending."""
    before, first, joiner, last, month, year = match.groups()
    between = "bis" if joiner.strip() in ("-", "—") else joiner.strip()
    days = [f"{NUMBERS.ordinal(int(day))}{ending(before)}" for day in (first, last)]
    date = f"{days[0]} {between} {days[1]} {month}"
    if year:
        date = f"{date} {NUMBERS.year(int(year))}"
    return f"{before} {date}" if before else date


def _day_and_month(match: re.Match[str]) -> str:
    before, day, month, year = match.groups()
    date = f"{NUMBERS.ordinal(int(day))}{ending(before)} {month}"
    if year:
        date = f"{date} {NUMBERS.year(int(year))}"
    return f"{before} {date}" if before else date


def _day_and_month_number(match: re.Match[str]) -> str:
    before, day, month = match.groups()
    case = ending(before)
    date = f"{NUMBERS.ordinal(int(day))}{case} {NUMBERS.ordinal(int(month))}{case}"
    stop = "" if match.string[match.end() :].strip(" \"')") else "."
    return f"{before} {date}{stop}" if before else f"{date}{stop}"


def _time(hour: int, minute: int) -> str:
    words = f"{'ein' if hour == 1 else NUMBERS.cardinal(hour)} Uhr"
    return f"{words} {NUMBERS.cardinal(minute)}" if minute else words


def _duration(hours: int, minutes: int, seconds: int) -> str:
    parts = ((hours, "Stunde"), (minutes, "Minute"), (seconds, "Sekunde"))
    return " ".join(NUMBERS.with_noun(str(count), noun, f"{noun}n") for count, noun in parts)

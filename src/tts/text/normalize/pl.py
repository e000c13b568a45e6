"""Polish text normalization."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import clock, durations, numeric_dates, ratios
from tts.text.normalize.fractions import fractions
from tts.text.normalize.pl_numbers import (
    NUMBERS,
    counted_nouns,
    genitive_numbers,
    ordinal,
    ordinals,
    years,
)
from tts.text.normalize.pl_tables import (
    ABBREVIATIONS,
    ADDRESS,
    COINS,
    GENITIVE_AFTER,
    MONEY,
    MONTHS,
    SCALES,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.slavic import currencies, scales, units_with_case
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts

_MONTH = "|".join(MONTHS)
_DAY = "|".join(WEEKDAYS)
_CLOCK_AFTER = "[Oo]|[Oo]d|[Dd]o|[Pp]o|[Oo]koło|[Zz]|[Pp]rzed"


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        addresses(ADDRESS),
        rule(
            rf"\b((?i:{_DAY}))\.? ?(?:-|—) ?((?i:{_DAY}))\b\.?",
            lambda m: f"od {WEEKDAYS[m[1].lower()]} do {WEEKDAYS[m[2].lower()]}",
        ),
        *numeric_dates("./-", _written_date),
        rule(
            r"(?<![\w.,])([12]?\d|3[01])\.(1[0-2]|0?[1-9])\.(?!\d)",
            lambda m: f"{m[1]} {MONTHS[int(m[2]) - 1]}{'.' * _ends(m)}",
        ),
        rule(
            rf"(?:\b((?:[Dd]ziś|[Dd]zisiaj|[Jj]utro)(?: jest)?) )?"
            rf"(?<![\w.,])([12]?\d|3[01])\.? ({_MONTH})\b"
            r"(?: (\d{4})(?![.,]?\d)(?: (?:r\.|roku\b))?)?",
            _date,
        ),
        rule(
            r"(?:\b([Oo] )?([Gg]odz\.|[Gg]odzin(?:a|ie|y)) )(\d{1,2})(?:[:.](\d\d))?"
            r"(?![\w:]|[.,]\d)",
            _time_with_noun,
        ),
        years(),
        *ordinals(),
        scales(NUMBERS, SCALES, MONEY),
        rule(r"(?<=\b(?:na|od|do|po) )ul\.|(?<=\bprzy )ul\.|(?<=\bz )ul\.", "ulicy"),
        ABBREVIATIONS.expand,
        telephone(
            NUMBERS.digits,
            "plus",
            "tel|telefon|fax|faks|kom|komórka|numer telefonu|zadzwoń",
            r"(?:\d\d \d{3} \d\d \d\d|[5-8]\d\d[ -]\d{3}[ -]\d{3}(?<!000)"
            r"|\(\d\d\) ?\d{3}[ -]\d\d[ -]\d\d)",
        ),
        shared.spelled_letters(),
        shared.with_digits(
            [
                rule(
                    r"(?<![\w:.,])(\d{1,2}):(\d\d) ?(?:-|—) ?(\d{1,2}):(\d\d)(?![\w:])",
                    lambda m: f"od {m[1]}:{m[2]} do {m[3]}:{m[4]}",
                ),
                rule(rf"\b({_CLOCK_AFTER}) (\d{{1,2}}):(\d\d)(?![\w:])", _time_after),
                durations(_duration),
                clock(":", "", lambda hour, minute: _clock(hour, minute, "f")),
                *english_amounts(),
                shared.money(NUMBERS, currencies(MONEY, COINS), "", "tysięcy|milionów|miliardów"),
                *fractions(NUMBERS, _fraction, " i ", ""),
                rule(r" i jedna druga\b", " i pół"),
                rule(r"(?<![\w.,-])(\d{1,4})-(\d{1,4})(?= ?[^\W\d_]| ?[%°€$£])(?! ?-)", _span),
                units_with_case(NUMBERS, UNITS | MONEY, GENITIVE_AFTER),
                rule(
                    r"(?<![\w.,-])(\d{1,3})-(letni\w*|osobow\w*|lecie\w*|krotn\w*|godzinn\w*|dniow\w*)",
                    _compound,
                ),
                counted_nouns(GENITIVE_AFTER),
                genitive_numbers(GENITIVE_AFTER),
                ratios("do"),
                dotted_numbers(NUMBERS, "kropka"),
                shared.ranges("—"),
                shared.codes(NUMBERS),
                shared.plain_numbers(NUMBERS),
            ]
        ),
        shared.symbols(SYMBOLS),
    ]


def _written_date(day: int, month: int, year: int) -> str:
    return f"{day} {MONTHS[month - 1]} {year if year > 99 else 2000 + year}"


def _date(match: re.Match[str]) -> str:
    before, day, month, year = match.groups()
    alone = not match.string[: match.start()].strip() and _ends(match)
    words = f"{ordinal(int(day), 'm' if before or alone else 'gen')} {month}"
    if year:
        words = f"{words} {ordinal(int(year), 'gen')} roku"
    stop = "." if match[0].endswith(".") and _ends(match) else ""
    return f"{before + ' ' if before else ''}{words}{stop}"


def _ends(match: re.Match[str]) -> bool:
    return not any(character.isalnum() for character in match.string[match.end() :])


def _clock(hour: int, minute: int, form: str) -> str:
    """Return the time with the hour as a feminine ordinal: siedemnasta trzydzieści."""
    words = ordinal(hour, form) if hour else "zero"
    if not minute:
        return words if hour else "północ" if form == "f" else "północy"
    return f"{words} {'zero ' if minute < 10 else ''}{NUMBERS.cardinal(minute)}"


def _time_after(match: re.Match[str]) -> str:
    hour, minute = int(match[2]), int(match[3])
    return (
        f"{match[1]} {_clock(hour, minute, 'gen f')}" if hour <= 24 and minute <= 59 else match[0]
    )


def _time_with_noun(match: re.Match[str]) -> str:
    before, noun, hour, minute = match.groups()
    if int(hour) > 24 or int(minute or 0) > 59:
        return match[0]
    if noun.lower() == "godz.":
        noun = "godzinie" if before else "godzina"
    form = "f" if noun.lower() == "godzina" else "gen f"
    return f"{before or ''}{noun} {_clock(int(hour), int(minute or 0), form)}"


def _duration(hours: int, minutes: int, seconds: int) -> str:
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(NUMBERS.count(str(number), UNITS[unit]) for number, unit in parts)


def _span(match: re.Match[str]) -> str:
    """Read 5-10 lat; the second number keeps its digits for the noun."""
    if int(match[1]) >= int(match[2]):
        return match[0]
    return f"{NUMBERS.integer(match[1])} — {match[2]}"


def _compound(match: re.Match[str]) -> str:
    words = NUMBERS.in_genitive(NUMBERS.cardinal(int(match[1])))
    words = re.sub(r"(?<=[^t])u\b|(?<=[ia-ząćęłńóśź]{4}st)u\b(?<!dwustu)", "o", words)
    for genitive, stem in _STEMS.items():
        words = re.sub(rf"{genitive}$", stem, words)
    return words.replace(" ", "") + match[2]


_STEMS = {"jednego": "jedno", "dwóch": "dwu", "trzech": "trzy", "czterech": "cztero"}


def _fraction(numerator: int, denominator: int) -> str:
    """Return jedna trzecia, dwie trzecie, pięć szóstych."""
    count = NUMBERS.agree(NUMBERS.cardinal(numerator), "f")
    form = "f" if numerator == 1 else "pl" if numerator % 10 in (2, 3, 4) else "loc pl"
    return f"{count} {ordinal(denominator, form)}"

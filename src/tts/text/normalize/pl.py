"""Polish text normalization."""

import re

from tts.text.normalize import roman
from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import ratios
from tts.text.normalize.fractions import fractions
from tts.text.normalize.pl_calendar import clock_times, dates, times_with_words
from tts.text.normalize.pl_numbers import (
    NUMBERS,
    counted_nouns,
    genitive_numbers,
    lone_years,
    ordinal,
    ordinals,
    spans_of_years,
    years,
)
from tts.text.normalize.pl_tables import (
    ABBREVIATIONS,
    ADDRESS,
    COINS,
    GENITIVE_AFTER,
    MONEY,
    NOMINATIVE_DAYS,
    SCALES,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.slavic import (
    currencies,
    scales,
    slavic_prices_per,
    units_with_case,
)
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts

_DAY = "|".join(WEEKDAYS)
# what is read behind a price and a slash
_PER = {
    "": "za", "mies": "na miesiąc", "miesiąc": "na miesiąc", "os": "na osobę",
    "osobę": "na osobę", "szt": "za sztukę", "noc": "za noc", "rok": "na rok",
    "dzień": "na dzień", "godz": "na godzinę", "h": "na godzinę",
}  # fmt: skip


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        addresses(ADDRESS),
        rule(
            rf"\b((?i:{_DAY}))\.? ?(?:-|—) ?((?i:{_DAY}))\b\.?",
            lambda m: f"od {WEEKDAYS[m[1].lower()]} do {WEEKDAYS[m[2].lower()]}",
        ),
        rule(
            rf"\b({'|'.join(NOMINATIVE_DAYS)})\.(?= [12]?\d(?:\.\d| [a-z]))",
            lambda m: NOMINATIVE_DAYS[m[1]],
        ),
        *dates(),
        *times_with_words(),
        rule(r"\b([Rr])ozdz\. (?=[IVX]+\b)", r"\1ozdział "),
        rule(r"\b([Tt])\. (?=[IVX]+\b)", r"\1om "),
        rule(r"\b((?:ul|al|pl|os)\. [^,;.]*?\d+[a-z]?)/(?=\d+)", r"\1 przez "),
        spans_of_years(),
        years(),
        lone_years(),
        *ordinals(),
        slavic_prices_per(MONEY, UNITS, _PER),
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
        roman.listed_numerals(NUMBERS),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                *clock_times(),
                *english_amounts(),
                shared.money(NUMBERS, currencies(MONEY, COINS), "", "tysięcy|milionów|miliardów"),
                shared.parts_of_units({unit: (noun.part,) * 2 for unit, noun in UNITS.items()}),
                rule(r"(?<![\w.,/])(?<!\d )1[/⁄]2 (?=[^\W\d_]{2,}[ayiu]\b)", "pół "),
                *fractions(NUMBERS, _fraction, " i ", ""),
                rule(r" i jedna druga\b", " i pół"),
                rule(r"(?<![\w.,-])(\d{1,4})-(\d{1,4})(?= ?[^\W\d_]| ?[%°€$£])(?! ?-)", _span),
                shared.products("na"),
                units_with_case(NUMBERS, UNITS | MONEY, GENITIVE_AFTER),
                rule(
                    r"(?<![\w.,-])(\d{1,3})-(letni\w*|lat(?:ek|k)\w*|osobow\w*|lecie\w*|krotn\w*|godzinn\w*|dniow\w*)",
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
        rule(r"(?<=\bw )km/h\b", "kilometrach na godzinę"),
        shared.lone_units({unit: noun.many for unit, noun in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


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

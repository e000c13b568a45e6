"""Dutch text normalization."""

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
from tts.text.normalize.fractions import fractions
from tts.text.normalize.nl_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    MONTHS,
    RULERS,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.prices import prices_per, scaled_signs
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts
from tts.text.normalize.word_lists import words

_DAY = "|".join(WEEKDAYS)
_NUMBERED = "hoofdstuk|deel|boek|akte|titel|bijlage|fase|type|niveau|band"


class _DutchNumbers(Numbers):
    """Years from 1100 to 1999 are read in hundreds, as one word."""

    two_decimals_as_number = True
    zeroth = "nulde"

    def year(self, number: int) -> str:
        if 1100 <= number < 2000 and number % 1000 >= 100:
            hundreds, rest = divmod(number, 100)
            return f"{self.cardinal(hundreds)}honderd{self.cardinal(rest) if rest else ''}"
        return self.cardinal(number)

    def to_words(self, number: int, kind: str) -> str:
        return re.sub(r"^een (?=mil)", "één ", super().to_words(number, kind))


NUMBERS = _DutchNumbers("nl", decimal=",", group=". ", point="komma", minus="min")


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        addresses(ADDRESS),
        rule(
            rf"\b((?i:{_DAY}))\.? ?(?:t/m|-|—) ?((?i:{_DAY}))\b\.?",
            lambda m: f"{WEEKDAYS[m[1].lower()]} tot en met {WEEKDAYS[m[2].lower()]}",
        ),
        ABBREVIATIONS.expand,
        telephone(
            NUMBERS.digits,
            "plus",
            "telefoon|telefoonnummer|tel|fax|mobiel",
            r"\(?0[1-9]\d{0,3}\)?[ -]\d{2,8}(?:[ -]\d{2,8})*",
        ),
        rule(r"\bWO ?(II?)\b", r"Wereldoorlog \1"),
        rule(r"\b([1-9]\d)(\d\d) ?([A-Z])([A-Z])\b(?! ?\d)", _postal_code),
        rule(r"\b([Bb]el(?:len)?|alarmnummer) (\d{3})\b", _emergency),
        *numeric_dates("-/.", _date),
        rule(
            rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)})(?: (\d{{4}}))?\b",
            lambda m: _date(int(m[1]), MONTHS.index(m[2]) + 1, int(m[3]) if m[3] else None),
        ),
        rule(
            rf"\b([A-Z][a-zë]+) ({roman.SMALL_NUMERAL})(?![\w'])(?!\.\w)",
            _ruler,
        ),
        roman.numbered_nouns(_NUMBERED, NUMBERS.cardinal),
        roman.listed_numerals(NUMBERS),
        rule(
            rf"(?<![\w.,])(\d{{1,9}}|{roman.SMALL_NUMERAL})(?:e|de|ste)\b",
            lambda m: NUMBERS.ordinal(int(m[1]) if m[1].isdigit() else roman.value(m[1])),
        ),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                dotted_times("[Oo]m"),
                shared.heights(),
                rule(
                    r"(?<![\w.,/-])(1[1-9]\d\d)/(?=\d\d(?:\d\d)?(?![\w/]))",
                    lambda m: f"{NUMBERS.year(int(m[1]))} ",
                ),
                time_spans("tot", " ?(?:uur|u)\\b"),
                durations(_duration),
                clock(":.u", " ?(?:uur|u)\\b", _time),
                rule(r"(?<=\bjaren )'?(\d0)\b", lambda m: NUMBERS.cardinal(int(m[1]))),
                rule(r"(?<![\w.,-])'(\d0)(?=er\b|-)", lambda m: NUMBERS.cardinal(int(m[1]))),
                prices_per("per", {unit: names[0] for unit, names in UNITS.items()}),
                scaled_signs({"k": "duizend", "mln": "miljoen", "mld": "miljard"}),
                *english_amounts(),
                shared.money(NUMBERS, CURRENCIES, "", "duizend|miljoen|miljard|biljoen"),
                shared.parts_of_units(UNITS),
                rule(r"(?<![\w.,/])(?<!\d )1[/⁄]2 (?=([a-z]{3,}))", _half),
                *fractions(NUMBERS, _fraction, " en ", ""),
                shared.products("bij"),
                shared.ranges("tot"),
                rule(
                    r"(?<![\w.,-])(\d{1,4})-(?=(?:jarige?n?|jaars|daagse|delige?|persoons|voudige?|uurs)\b)",
                    lambda m: re.sub("^één$", "een", NUMBERS.cardinal(int(m[1]))),
                ),
                shared.units(NUMBERS, UNITS),
                rule(
                    r"(?<![\w.,-])(1[1-9]\d\d)(?![\d.,:]*\d|\w|-\w)",
                    lambda m: NUMBERS.year(int(m[1])),
                ),
                ratios("tegen"),
                dotted_numbers(NUMBERS, "punt"),
                shared.codes(NUMBERS),
                shared.plain_numbers(NUMBERS),
            ]
        ),
        shared.lone_units({unit: names[1] for unit, names in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


def _date(day: int, month: int, year: int | None) -> str:
    words = f"{NUMBERS.cardinal(day)} {MONTHS[month - 1]}"
    return f"{words} {NUMBERS.year(year)}" if year else words


def _postal_code(match: re.Match[str]) -> str:
    """1234 AB -> twaalf vierendertig A B."""
    hundreds, rest = NUMBERS.cardinal(int(match[1])), NUMBERS.integer(match[2])
    return f"{hundreds} {rest} {match[3]} {match[4]}"


def _emergency(match: re.Match[str]) -> str:
    return f"{match[1]} {NUMBERS.digits(match[2])}"


def _half(match: re.Match[str]) -> str:
    """Een half uur, een halve liter."""
    neuter = re.search(r"(?:uur|jaar|brood|pond|glas|dozijn|miljoen|blik|blok|etmaal)$", match[1])
    return "een half " if neuter else "een halve "


def _time(hour: int, minute: int) -> str:
    words = f"{NUMBERS.cardinal(hour)} uur"
    return f"{words} {NUMBERS.cardinal(minute)}" if minute else words


def _duration(hours: int, minutes: int, seconds: int) -> str:
    return (
        f"{NUMBERS.cardinal(hours)} uur {NUMBERS.with_noun(str(minutes), 'minuut', 'minuten')} "
        f"{NUMBERS.with_noun(str(seconds), 'seconde', 'seconden')}"
    )


def _ruler(match: re.Match[str]) -> str:
    name, numeral = match.groups()
    if name in _NOT_NAMES or (
        len(numeral) == 1 and not re.fullmatch(rf"{RULERS}|Wereldoorlog", name)
    ):
        return match[0]
    if re.fullmatch(rf"(?i:{_NUMBERED})|Wereldoorlog", name):
        return f"{name} {NUMBERS.cardinal(roman.value(numeral))}"
    return f"{name} de {NUMBERS.ordinal(roman.value(numeral))}"


_NOT_NAMES = words("De Het Een En Of In Op Van Bij Voor")


def _fraction(numerator: int, denominator: int) -> str:
    """Return een derde, drie kwart, een half."""
    name = {2: "half", 4: "kwart"}.get(denominator) or NUMBERS.ordinal(denominator)
    return f"{'een' if numerator == 1 else NUMBERS.cardinal(numerator)} {name}"

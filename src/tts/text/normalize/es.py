"""Spanish text normalization."""

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
    weekday_spans,
)
from tts.text.normalize.es_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    FEMININE,
    FEMININE_ENDING,
    FRACTIONS,
    MONTHS,
    NOT_FEMININE,
    NOT_NOUNS,
    NOT_RULERS,
    NUMBERED,
    NUMBERED_IN_ROMAN,
    PESO,
    QUEENS,
    RULERS,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.fractions import fractions
from tts.text.normalize.prices import prices_per, scaled_signs
from tts.text.normalize.romance import (
    RomanceNumbers,
    counted_nouns,
    dates_with_de,
    days_and_months,
    guess_feminine,
    halves,
    numbered_event,
    rulers,
    scaled_money,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts

_SCALES = "millón|millones|billón|billones"


class _SpanishNumbers(RomanceNumbers):
    """Mexico and its neighbors use the decimal point, other countries the comma."""

    zeroth = "cero"

    def __init__(self, decimal: str, group: str):
        super().__init__("es", decimal, group, "punto" if decimal == "." else "coma", "menos")

    def is_feminine(self, noun: str) -> bool:
        return guess_feminine(noun, "es", FEMININE, NOT_FEMININE, FEMININE_ENDING)

    def agree(self, words: str, feminine: bool, noun: str) -> str:
        if feminine:
            words = re.sub(r"(ciento|quiniento)s\b(?!.*mill)", lambda m: m[1][:-1] + "as", words)
            return re.sub(r"uno$", "una", words)
        return re.sub(r"\buno$", "un", re.sub(r"veintiuno$", "veintiún", words))


def rules(language: str) -> list[Rule]:
    """Return the rules; Latin American Spanish reads 3.5 as a decimal and $ as pesos in Mexico."""
    point = language in ("es-419", "es-mx")
    numbers = _SpanishNumbers(".", ", ") if point else _SpanishNumbers(",", ". ")
    currencies = CURRENCIES | ({"$": PESO} if language == "es-mx" else {})

    date = dates_with_de(numbers, MONTHS, "primero")

    def time(hour: int, minute: int) -> str:
        words = numbers.agree(numbers.cardinal(hour), True, "hora")
        if not minute:
            return (
                f"{words} hora{'s' * (hour != 1)}" if hour > 12 or not hour else f"{words} en punto"
            )
        if hour > 12 or not hour:
            return f"{words} {'cero ' * (minute < 10)}{numbers.cardinal(minute)}"
        spoken = {15: "cuarto", 30: "media"}.get(minute) or numbers.cardinal(minute)
        return f"{words} y {spoken}"

    def duration(hours: int, minutes: int, seconds: int) -> str:
        nouns = ((hours, "hora"), (minutes, "minuto"), (seconds, "segundo"))
        parts = [numbers.with_noun(str(count), noun, f"{noun}s") for count, noun in nouns]
        return f"{parts[0]} {parts[1]} y {parts[2]}"

    def fraction(numerator: int, denominator: int) -> str:
        count = numbers.agree(numbers.cardinal(numerator), False, "")
        return f"{count} {FRACTIONS[denominator]}{'s' * (numerator > 1)}"

    def ordinal(number: int, ending: str) -> str:
        words = numbers.ordinal(number)
        if ending.startswith("a"):
            words = re.sub(r"o\b", "a", words)
        if ending == "er":
            words = re.sub(r"(primer|tercer)o$", r"\1", words)
        return words + ("s" if ending.endswith("s") else "")

    def ruler(number: int, name: str) -> str:
        return numbers.cardinal(number) if number > 10 else ordinal(number, _gender(name))

    def century(number: int) -> str:
        return numbers.cardinal(number) if number > 10 else numbers.ordinal(number)

    return [
        addresses(ADDRESS),
        weekday_spans(WEEKDAYS, "a"),
        rule(r"\b[Cc]/ ?(?=[A-ZÁÉÍÓÚÑ])", "calle "),
        ABBREVIATIONS.expand,
        telephone(
            numbers.digits,
            "más",
            "tel|teléfono|tfno|fax|móvil|celular|llame al|llama al",
            r"(?:[6-9]\d\d(?: \d{3}){2}(?<!000)|[6-9]\d\d(?: \d\d){3}"
            r"|[6-9]\d \d{3}(?: \d\d){2})",
        ),
        *numeric_dates("/.-", date),
        days_and_months("[Ee]l|día", date),
        rule(rf"\b1[o°]?(?= de (?:{'|'.join(MONTHS)})\b)", "primero"),
        rule(
            r"(?<![\w.,])(\d{1,4})\.?(o|a|er|os|as)\b(?:(?<=er)\.(?= [a-z]))?",
            lambda m: ordinal(int(m[1]), m[2]),
        ),
        roman.numbered_nouns("siglos?", century),
        roman.numbered_nouns(f"(?:{NUMBERED_IN_ROMAN})s?", numbers.cardinal),
        rulers(ruler, RULERS, NOT_RULERS),
        roman.listed_numerals(numbers),
        numbered_event(lambda n, noun: ordinal(n, "a" if numbers.is_feminine(noun) else "o")),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                *([] if point else [dotted_times("[Aa] las?|[Dd]e las?|[Ll]as?")]),
                shared.heights(),
                time_spans("a", " ?(?:h|hs|horas|hrs)\\b"),
                rule(rf"\b({_AT}) (2?1)(?![\w:]|[.,]\d)", lambda m: f"{m[1]} {_una(m[2])}"),
                durations(duration),
                clock(":" if point else ":.", " ?(?:h|hs|horas|hrs)\\b", time),
                *([] if point else english_amounts()),
                prices_per("por", {unit: names[0] for unit, names in UNITS.items()}),
                scaled_signs(
                    {"k": "mil", "M": "millones", "mill.": "millones", "mill": "millones"}
                ),
                scaled_money(_SCALES, {s: f"de {c.plural}" for s, c in currencies.items()}),
                shared.money(numbers, currencies, "con ", f"mil|{_SCALES}"),
                shared.parts_of_units(UNITS, "de "),
                halves(numbers, lambda f, _: "media " if f else "medio ", NOT_NOUNS),
                *fractions(numbers, fraction, " y ", ""),
                rule(r" y un medio\b", " y medio"),
                shared.products("por"),
                shared.ranges("a"),
                shared.units(numbers, UNITS),
                rule(r"(?<![\w.,])1 (millón|billón)\b", r"un \1"),
                counted_nouns(numbers, NOT_NOUNS, NUMBERED),
                ratios("a"),
                dotted_numbers(numbers, "punto"),
                shared.codes(numbers),
                shared.plain_numbers(numbers),
            ]
        ),
        shared.lone_units({unit: names[1] for unit, names in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


_AT = "(?:a|de|desde|hasta|es|era|sobre|hacia) las?"  # before an hour


def _una(hour: str) -> str:
    return "veintiuna" if hour == "21" else "una"


def _gender(name: str) -> str:
    return "a" if name in QUEENS else "o"

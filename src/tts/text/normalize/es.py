"""Spanish text normalization."""

import re

from tts.text.normalize import roman
from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import clock, durations, numeric_dates, ratios, time_spans
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
)
from tts.text.normalize.fractions import fractions
from tts.text.normalize.romance import (
    RomanceNumbers,
    counted_nouns,
    guess_feminine,
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

    def date(day: int, month: int, year: int | None) -> str:
        words = f"{'primero' if day == 1 else numbers.cardinal(day)} de {MONTHS[month - 1]}"
        return f"{words} de {numbers.cardinal(year)}" if year else words

    def day_and_month(match: re.Match[str]) -> str:
        valid = 1 <= int(match[2]) <= 12 and 1 <= int(match[1]) <= 31
        return date(int(match[1]), int(match[2]), None) if valid else match[0]

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
        rule(r"(?<=\b[Ee]l )(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)", day_and_month),
        rule(r"(?<=\bdía )(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)", day_and_month),
        rule(rf"\b1[o°]?(?= de (?:{'|'.join(MONTHS)})\b)", "primero"),
        rule(r"(?<![\w.,])(\d{1,4})\.?(o|a|er|os|as)\b", lambda m: ordinal(int(m[1]), m[2])),
        roman.numbered_nouns("siglos?", century),
        roman.numbered_nouns(NUMBERED_IN_ROMAN, numbers.cardinal),
        rulers(ruler, RULERS, NOT_RULERS),
        numbered_event(lambda n, noun: ordinal(n, "a" if numbers.is_feminine(noun) else "o")),
        shared.spelled_letters(),
        shared.with_digits(
            [
                time_spans("a"),
                durations(duration),
                clock(":" if point else ":.", " ?(?:h|hs|horas|hrs)\\b", time),
                *([] if point else english_amounts()),
                scaled_money(_SCALES, {s: f"de {c.plural}" for s, c in currencies.items()}),
                shared.money(numbers, currencies, "con ", f"mil|{_SCALES}"),
                *fractions(numbers, fraction, " y ", ""),
                rule(r" y un medio\b", " y medio"),
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
        shared.symbols(SYMBOLS),
    ]


def _gender(name: str) -> str:
    return "a" if name in QUEENS else "o"

"""Portuguese text normalization."""

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
from tts.text.normalize.fractions import fractions
from tts.text.normalize.prices import prices_per, scaled_signs
from tts.text.normalize.pt_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    EUROPEAN,
    FEMININE,
    FEMININE_ENDING,
    FRACTIONS,
    MONTHS,
    NOT_FEMININE,
    NOT_NOUNS,
    NOT_RULERS,
    NUMBERED,
    NUMBERED_IN_ROMAN,
    QUEENS,
    RULERS,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
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

_SCALES = "milhão|milhões|bilhão|bilhões|trilhão|trilhões"


class _PortugueseNumbers(RomanceNumbers):
    """Brazil says dezesseis, Portugal dezasseis."""

    singular_below_two = True
    zeroth = "zero"

    def is_feminine(self, noun: str) -> bool:
        return guess_feminine(noun, "es", FEMININE, NOT_FEMININE, FEMININE_ENDING)

    def agree(self, words: str, feminine: bool, noun: str) -> str:
        if not feminine:
            return words
        words = re.sub(r"(ent|inh)os\b(?!.*milh)", r"\1as", words)
        return re.sub(r"\bdois$", "duas", re.sub(r"\bum$", "uma", words))


def rules(language: str) -> list[Rule]:
    """Return the rules; numbers and units differ between Brazil and Portugal."""
    brazil = language == "pt-br"
    numbers = _PortugueseNumbers("pt_BR" if brazil else "pt", ",", ". ", "vírgula", "menos")
    units = UNITS if brazil else {unit: _european(*words) for unit, words in UNITS.items()}

    date = dates_with_de(numbers, MONTHS, "primeiro")

    def time(hour: int, minute: int) -> str:
        words = numbers.agree(numbers.cardinal(hour), True, "hora")
        if minute:
            return (
                f"{words} e {'meia' if minute == 30 and hour <= 12 else numbers.cardinal(minute)}"
            )
        return f"{words} {'hora' if hour == 1 else 'horas'}"

    def duration(hours: int, minutes: int, seconds: int) -> str:
        nouns = ((hours, "hora"), (minutes, "minuto"), (seconds, "segundo"))
        parts = [numbers.with_noun(str(count), noun, f"{noun}s") for count, noun in nouns]
        return f"{parts[0]}, {parts[1]} e {parts[2]}"

    def fraction(numerator: int, denominator: int) -> str:
        name = FRACTIONS.get(denominator)
        if name is None:
            return f"{numbers.cardinal(numerator)} {numbers.cardinal(denominator)} avos"
        return f"{numbers.cardinal(numerator)} {name}{'s' * (numerator > 1)}"

    def ordinal(number: int, ending: str) -> str:
        words = numbers.ordinal(number)
        if ending.startswith("a"):
            words = re.sub(r"o\b", "a", words)
        return words + ("s" if ending.endswith("s") else "")

    def ruler(number: int, name: str) -> str:
        ending = "a" if name in QUEENS else "o"
        return numbers.cardinal(number) if number > 10 else ordinal(number, ending)

    def century(number: int) -> str:
        return numbers.cardinal(number) if number > 10 else numbers.ordinal(number)

    return [
        addresses(ADDRESS),
        weekday_spans(WEEKDAYS, "a"),
        rule(r"(?<![\w.])(?<![A-Z]\. )S\. ?(?=([A-ZÁÂÉÍÓÚ][a-zà-ú]+))", _saint),
        rule(r"(?<![\w.])D\. (?=[A-ZÁÂÉÍÓÚ][a-zà-ú]*a\b)", "dona "),
        ABBREVIATIONS.expand,
        telephone(
            numbers.digits,
            "mais",
            "tel|telefone|fax|telemóvel|celular|ligue",
            r"(?:\(\d\d\) ?9?\d{4}[- ]\d{4}|9\d{4}-\d{4}"
            r"|[29]\d\d? \d{3} \d{2,3}(?: \d\d)?(?<!000))",
        ),
        *numeric_dates("/.-", date),
        days_and_months(r"dia|[Ee]m(?= \d\d/\d\d)", date),
        rule(rf"\b1[o°]?(?= de (?:{'|'.join(MONTHS)})\b)", "primeiro"),
        rule(r"\b([2-6])\.?a(?:-| )feira", lambda m: f"{ordinal(int(m[1]), 'a')}-feira"),
        rule(r"(?<![\w.,])(\d{1,4})\.?(o|a|os|as)\b", lambda m: ordinal(int(m[1]), m[2])),
        roman.numbered_nouns("séculos?", century),
        roman.numbered_nouns(f"(?:{NUMBERED_IN_ROMAN})s?", numbers.cardinal),
        rulers(ruler, RULERS, NOT_RULERS),
        roman.listed_numerals(numbers),
        numbered_event(lambda n, noun: ordinal(n, "a" if numbers.is_feminine(noun) else "o")),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                dotted_times("[Àà]s?|[Dd]as?"),
                shared.heights(),
                time_spans("às"),
                durations(duration),
                clock(":h", "(?:min| ?h(?:oras)?)?\\b", time),
                *english_amounts(),
                prices_per("por", {unit: names[0] for unit, names in units.items()}),
                rule(r"(R\$ ?[\d.,]+) ?mi\b", r"\1 milhões"),
                rule(r"(R\$ ?[\d.,]+) ?bi\b", r"\1 bilhões"),
                scaled_signs({"k": "mil", "M": "milhões"}),
                scaled_money(_SCALES, {s: f"de {c.plural}" for s, c in CURRENCIES.items()}),
                shared.money(numbers, CURRENCIES, "e ", f"mil|{_SCALES}"),
                shared.parts_of_units(units, "de "),
                halves(numbers, lambda f, _: "meia " if f else "meio ", NOT_NOUNS),
                *fractions(numbers, fraction, " e ", ""),
                rule(r" e um meio\b", " e meio"),
                shared.products("por"),
                shared.ranges("a"),
                shared.units(numbers, units),
                counted_nouns(numbers, NOT_NOUNS, NUMBERED),
                ratios("a"),
                dotted_numbers(numbers, "ponto"),
                shared.codes(numbers),
                shared.plain_numbers(numbers),
            ]
        ),
        shared.lone_units({unit: names[1] for unit, names in units.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


def _saint(match: re.Match[str]) -> str:
    """S. Maria -> Santa Maria, S. António -> Santo António, S. João -> São João."""
    name = match[1]
    if name.endswith("a") and name not in ("Luca", "Josafá"):
        return "Santa "
    return "Santo " if name[0] in "AÁEÉIÍOÓUÚH" else "São "


def _european(singular: str, plural: str) -> tuple[str, str]:
    for brazilian, european in EUROPEAN.items():
        singular = singular.replace(brazilian, european)
        plural = plural.replace(brazilian, european)
    return singular, plural

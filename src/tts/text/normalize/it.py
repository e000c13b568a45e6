"""Italian text normalization."""

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
from tts.text.normalize.fractions import fractions
from tts.text.normalize.it_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    FEMALE_SAINTS,
    FEMININE,
    FEMININE_ENDING,
    MALE_SAINTS,
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
from tts.text.normalize.prices import prices_per, scaled_signs
from tts.text.normalize.romance import (
    RomanceNumbers,
    counted_nouns,
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

_SCALES = "milione|milioni|miliardo|miliardi"
_MONTH = "|".join(MONTHS)


class _ItalianNumbers(RomanceNumbers):
    """One agrees with the gender and the first sound of its noun: un, uno, una, un'."""

    of = "di "

    def is_feminine(self, noun: str) -> bool:
        return guess_feminine(noun, "", FEMININE, NOT_FEMININE, FEMININE_ENDING)

    def agree(self, words: str, feminine: bool, noun: str) -> str:
        if words.split()[-1] != "uno":
            return words
        start = words[: -len("uno")]
        if feminine:
            return start + ("un'" if noun[0].lower() in "aeiouàèéìòù" else "una")
        return start + ("uno" if re.match(r"(?i)s[^aeiou]|z|gn|ps|pn|x|y|i[aeou]", noun) else "un")

    def to_words(self, number: int, kind: str) -> str:
        return re.sub(r"(milion[ei]|miliard[oi]) e ", r"\1 ", super().to_words(number, kind))


_NUMBERED_BY_ORDINAL = (
    "piano|posto|secolo|anno|classe|livello|giorno|capitolo|trimestre|tempo|turno|premio|"
    "compleanno|anniversario|volta|edizione|giornata|stagione|puntata|tappa|grado|articolo"
)
NUMBERS = _ItalianNumbers("it", decimal=",", group=". ", point="virgola", minus="meno")


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        addresses(ADDRESS),
        rule(r"(?<![\w.])(?<![A-Z]\. )S\. ?(?=([A-Z][a-zà-ù]+))", _saint),
        weekday_spans(WEEKDAYS, "a"),
        rule(
            rf"(?<![\w.,])(\d{{1,3}})°(?= ({_NUMBERED_BY_ORDINAL})\b)",
            lambda m: _ordinal(int(m[1]), "a" if NUMBERS.is_feminine(m[2]) else "o"),
        ),
        ABBREVIATIONS.expand,
        telephone(
            NUMBERS.digits,
            "più",
            "tel|telefono|fax|cellulare|cell",
            r"(?:0\d{1,3}[ /-]\d{4,8}|3\d\d[ /-]\d{6,7}|3\d\d \d{3} \d{3,4})",
        ),
        *numeric_dates("/.-", _date),
        days_and_months("[Ii]l", _date),
        rule(
            rf"\b([Aa]l|[Dd]el|[Dd]al|[Nn]el|[Ss]ul|[Ll])l?'1[°o]?(?= (?:{_MONTH})\b)",
            lambda m: f"{'il' if m[1] == 'l' else 'Il' if m[1] == 'L' else m[1]} primo",
        ),
        rule(rf"\b1[°o]?(?= (?:{_MONTH})\b)", "primo"),
        rule(
            r"\b((?i:il|del|al|dal|nel|sul) )(\d{1,3})°(?= [a-zà]{3})",
            lambda m: m[1] + NUMBERS.ordinal(int(m[2])),
        ),
        rule(r"(?<![\w.,])(\d{1,4})(o|a|i|e)\b", lambda m: _ordinal(int(m[1]), m[2])),
        rule(
            rf"\b({roman.SMALL_NUMERAL})(?= (?:secol|millennio))",
            lambda m: NUMBERS.ordinal(roman.value(m[1])),
        ),
        roman.numbered_nouns("secol[oi]", NUMBERS.ordinal),
        roman.numbered_nouns(NUMBERED_IN_ROMAN, NUMBERS.cardinal),
        rulers(_ruler, RULERS, NOT_RULERS),
        rule(r"\b(I{1,3})(?= guerra mondiale)", lambda m: _ordinal(roman.value(m[1]), "a")),
        roman.listed_numerals(NUMBERS),
        numbered_event(lambda n, noun: _ordinal(n, "a" if NUMBERS.is_feminine(noun) else "o")),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                shared.heights(),
                time_spans("a", ""),
                durations(_duration),
                rule(
                    r"\b([Oo]re|[DdAa]?[Aa]ll[e']) ?(\d{1,2})[.,](\d\d)\b(?!,\d)",
                    lambda m: f"{m[1]}{' ' * (m[1][-1] != chr(39))}{m[2]}:{m[3]}",
                ),
                clock(":", "", _time),
                rule(r"(?<=\b[Aa]ll')1\b|(?<=\b[Dd]all')1\b|(?<=\bL')1\b(?!\w)", "una"),
                *english_amounts(),
                prices_per("per", {unit: names[0] for unit, names in UNITS.items()}),
                scaled_signs({"k": "mila", "M": "milioni", "mln": "milioni", "mld": "miliardi"}),
                scaled_money(_SCALES, {s: f"di {c.plural}" for s, c in CURRENCIES.items()}),
                shared.money(NUMBERS, CURRENCIES, "e ", f"mila|{_SCALES}"),
                shared.parts_of_units(UNITS, "di "),
                halves(NUMBERS, _half, NOT_NOUNS),
                *fractions(NUMBERS, _fraction, " e ", ""),
                rule(r" e un mezzo\b", " e mezzo"),
                shared.products("per"),
                shared.ranges("a"),
                shared.units(NUMBERS, UNITS),
                rule(r"(?<![\w.,])1 (milione|miliardo)\b", r"un \1"),
                counted_nouns(NUMBERS, NOT_NOUNS, NUMBERED),
                ratios("a"),
                dotted_numbers(NUMBERS, "punto"),
                shared.codes(NUMBERS),
                shared.plain_numbers(NUMBERS),
            ]
        ),
        shared.lone_units({unit: names[1] for unit, names in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


def _date(day: int, month: int, year: int | None) -> str:
    words = f"{'primo' if day == 1 else NUMBERS.cardinal(day)} {MONTHS[month - 1]}"
    return f"{words} {NUMBERS.cardinal(year)}" if year else words


def _saint(match: re.Match[str]) -> str:
    """S. Maria -> Santa Maria, S. Stefano -> Santo Stefano, S. Anna -> Sant'Anna."""
    name = match[1]
    if name[0] in "AEIOU":
        return "Sant'"
    if name in FEMALE_SAINTS or (name.endswith("a") and name not in MALE_SAINTS):
        return "Santa "
    return "Santo " if re.match(r"S[^aeiou]|Z", name) else "San "


def _time(hour: int, minute: int) -> str:
    words = "una" if hour == 1 else NUMBERS.cardinal(hour)
    return f"{words} e {NUMBERS.cardinal(minute)}" if minute else words


def _duration(hours: int, minutes: int, seconds: int) -> str:
    nouns = ((hours, "ora", "ore"), (minutes, "minuto", "minuti"), (seconds, "secondo", "secondi"))
    parts = [NUMBERS.with_noun(str(count), one, many) for count, one, many in nouns]
    return f"{parts[0]}, {parts[1]} e {parts[2]}"


def _half(feminine: bool, noun: str) -> str:
    if noun[0].lower() in "aeiou":
        return "mezz'"
    return "mezza " if feminine else "mezzo "


def _ordinal(number: int, ending: str) -> str:
    return re.sub(r"o$", ending, NUMBERS.ordinal(number))


def _ruler(number: int, name: str) -> str:
    return _ordinal(number, "a" if name in QUEENS else "o")


def _fraction(numerator: int, denominator: int) -> str:
    """Return un terzo, tre quarti, un mezzo."""
    name = "mezzo" if denominator == 2 else NUMBERS.ordinal(denominator)
    if numerator > 1:
        name = re.sub(r"o$", "i", name)
    return f"{'un' if numerator == 1 else NUMBERS.cardinal(numerator)} {name}"

"""English text normalization."""

import re
from collections.abc import Callable

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.en_abbreviations import ABBREVIATIONS
from tts.text.normalize.en_calendar import dates, times, verses, years
from tts.text.normalize.en_letters import calm_capitals, capital_letters, names, spelled_plurals
from tts.text.normalize.en_numbers import amounts, decades, fractions, measures, ranges, spans
from tts.text.normalize.en_roman import roman_numerals
from tts.text.normalize.en_tables import CURRENCIES, STATES, SYMBOLS, UNITS
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone


class _EnglishNumbers(Numbers):
    """American English reads "one hundred five", British "one hundred and five"."""

    def __init__(self, american: bool):
        super().__init__("en", decimal=".", group=",", point="point", minus="minus")
        self.american = american

    def to_words(self, number: int, kind: str) -> str:
        words = super().to_words(number, kind).replace("oh-", "oh ")
        return words.replace(" and ", " ") if self.american else words


def rules(language: str) -> list[Rule]:
    """Return the rules; American English writes dates month first, other regions day first."""
    american = language.startswith("en-us")
    numbers = _EnglishNumbers(american)
    return [
        calm_capitals,
        addresses(_IN_ADDRESS),
        *spans(),
        rule(r"\bRev\. (?=\d+:\d)", "Revelation "),
        ABBREVIATIONS.expand,
        *names(),
        rule(r"\b([A-G])#(?![\w#])", r"\1 sharp"),
        *_postal_addresses(numbers),
        rule(r"(?<!\w)([#§]) ?(?=\d)", lambda m: "number " if m[1] == "#" else "section "),
        spelled_plurals,
        shared.spelled_letters(),
        capital_letters,
        roman_numerals(numbers),
        shared.with_digits(lambda: _number_rules(numbers, american)),
        rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " "),
        shared.symbols(SYMBOLS),
    ]


def _number_rules(numbers: Numbers, american: bool) -> list[Rule]:
    """Return the rules for text with digits."""
    return [
        telephone(numbers.digits, "plus", "tel|telephone|phone|fax|mobile|cell|dial", _TELEPHONE),
        rule(r"\b((?i:call|dial|calls|called|dialed)) (\d11)\b", _emergency(numbers)),
        rule(rf"\b({_NUMBERED}) (\d)(\d\d)\b(?![.,:/-]?\d)", _of_three_digits(numbers)),
        verses(numbers),
        *dates(numbers, month_first=american),
        *times(numbers),
        *amounts(),
        *decades(numbers),
        *fractions(numbers),
        *ranges(),
        shared.money(numbers, CURRENCIES, "and ", "thousand|million|billion|trillion"),
        rule(r"(?<![\w.])(\d+)¢", lambda m: f"{numbers.integer(m[1])} cent{'s' * (m[1] != '1')}"),
        rule(r"\b(an?|another) ((?:[a-z]+ )*?(?:dollar|pound|euro))s(?= [a-z]+)", _adjective),
        rule(r"\b(an?|another|this|that) (\d[\d,.]*) ?°(?= [a-z]{3})", r"\1 \2 degree"),
        rule(
            r"(?<![\w.,])(\d[\d,]{,14})(?:st|nd|rd|th)\b",
            lambda match: numbers.ordinal(int(match[1].replace(",", ""))),
        ),
        *measures(numbers),
        shared.units(numbers, UNITS),
        *years(numbers),
        shared.codes(numbers),
        rule(r"\b([A-Z]{2,3})(?=-?\d)", lambda m: " ".join(m[1])),
        rule(r"(?<=\d)-?(?=[A-Za-z])|(?<=[A-Za-z])-?(?=\d)", " "),
        shared.plain_numbers(numbers),
    ]


_TELEPHONE = (
    r"\(\d{3}\) ?\d{3}[-. ]\d{4}|(?:1[-. ])?\d{3}[-.]\d{3}[-.]\d{4}|\d{3} \d{3} \d{4}"
    r"|\(?0\d{2,4}\)? \d{3,4} \d{3,4}"
)
_IN_ADDRESS = {
    ".": "dot", "@": "at", "/": "slash", "?": "question mark", "=": "equals", "-": "dash",
    "_": "underscore", "&": "and", "#": "hash", ":": "colon", "+": "plus", "~": "tilde",
    "%": "percent",
}  # fmt: skip


_NOT_STATES = "OK|OR|IN|ME|HI|MA|MD|PA|ID|LA|CO"  # rather words, degrees and other names


def _postal_addresses(numbers: Numbers) -> list[Rule]:
    """Springfield, IL 62704 -> Springfield, Illinois six two seven oh four; Park Avenue NW."""
    quarters = {"NW": "Northwest", "NE": "Northeast", "SW": "Southwest", "SE": "Southeast"}

    def code(match: re.Match[str]) -> str:
        zip_code = ", ".join(numbers.digits(part) for part in match[2].split("-"))
        return f"{STATES.get(match[1], match[1])} {zip_code}"

    return [
        rule(
            rf"(?<=, )({'|'.join(STATES)}|D\.C\.|DC),? (\d{{5}}(?:-\d{{4}})?)(?![\w,.-]*\d)", code
        ),
        rule(
            rf"(?<=[a-z], )(?!{_NOT_STATES})({'|'.join(STATES)})(?=[,.;!?]|$)",
            lambda m: STATES[m[1]],
        ),
        rule(
            r"(?<=\b(?:Street|Avenue) )([NS][EW])\b|(?<=\bRoad )([NS][EW])\b",
            lambda m: quarters[m[1] or m[2]],
        ),
    ]


_NUMBERED = "Highway|Route|Interstate|Area|Flight|Room|Boeing|Airbus|Suite|Gate|Channel|Studio"


def _of_three_digits(numbers: Numbers) -> Callable[[re.Match[str]], str]:
    """Highway 101 -> Highway one oh one, Boeing 747 -> Boeing seven forty-seven."""

    def spell(match: re.Match[str]) -> str:
        name, hundreds, rest = match.groups()
        if hundreds == "0" or rest == "00":
            return match[0]
        oh = "oh " if rest[0] == "0" else ""
        return f"{name} {numbers.cardinal(int(hundreds))} {oh}{numbers.cardinal(int(rest))}"

    return spell


def _emergency(numbers: Numbers) -> Callable[[re.Match[str]], str]:
    """Call 911, digit by digit."""
    return lambda match: f"{match[1]} {numbers.digits(match[2])}"


_NOT_NOUNS = """
and or in on of to for from with is was per a the at by more less off each every if but as than
are were when while because so that which who
"""


def _adjective(match: re.Match[str]) -> str:
    """A five dollars bill -> a five dollar bill."""
    following = match.string[match.end() :].split(maxsplit=1)[0].strip(".,;:!?")
    return match[0] if following in _NOT_NOUNS.split() else match[0][:-1]

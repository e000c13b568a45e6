"""Persian text normalization; digits and marks come from clean() as ASCII."""

import re

from tts.text.normalize import fallback
from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import clock, durations, numeric_dates, ratios
from tts.text.normalize.fa_ezafe import ezafe_rules
from tts.text.normalize.fa_tables import (
    ABBREVIATIONS,
    ADDRESS,
    CURRENCIES,
    FRACTIONS,
    JALALI_MONTHS,
    MONTHS,
    SYMBOLS,
    UNITS,
)
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.roman import SMALL_NUMERAL, value
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone

_LETTERS = "\u0621-\u06cc"
_HALF_SPACE = "\u200c"
_ARABIC_LETTERS = str.maketrans("يىكةھہە", "ییکهههه")


class _PersianNumbers(Numbers):
    def ordinal(self, number: int) -> str:
        """Return سوم instead of سه‌ام, پنجم, سی‌ام."""
        words = self.cardinal(number)
        if words.endswith("سه"):
            return words[:-2] + "سوم"
        return words + ("‌ام" if words.endswith("ی") else "م")


NUMBERS = _PersianNumbers("fa", decimal=".", group=",", point="ممیز", minus="منفی")


def rules(language: str) -> list[Rule]:
    """Return the rules; text in Latin letters has none, since it is not written in Persian."""
    if "latn" in language:
        return fallback.rules(language)
    units = {unit: (words, words) for unit, words in UNITS.items()}
    return [
        *_spelling(),
        addresses(ADDRESS),
        # digits that touch a letter
        rule(rf"(?<=[{_LETTERS}])(?=\d)|(?<=\d)(?=[{_LETTERS}])", " "),
        _roman_numerals(),
        ABBREVIATIONS.expand,
        shared.spelled_letters(),
        telephone(
            NUMBERS.digits,
            "به علاوه",
            "تلفن|تلفکس|فکس|شماره تلفن|شماره تماس|موبایل|همراه",
            r"0\d{2,3}-?\d{7,8}|0\d{3}[ -]\d{3}[ -]\d{4}",
        ),
        rule(r"(?<!\d)50/50(?!\d)", "50 50"),
        *numeric_dates("/-.", _date),
        rule(r"(?<![\w.,/-])(\d{4})/(\d{1,2})/(\d{1,2})(?![\w/-])", _short_date),
        rule(
            rf"(?<![\w.,/-])([12]?\d|3[01]) ({'|'.join([*JALALI_MONTHS, *MONTHS])})(?![\w])",
            lambda m: f"{NUMBERS.ordinal(int(m[1]))} {m[2]}",
        ),
        rule(
            r"(\d{1,2}):(\d\d) ?(?:-|—|تا) ?(\d{1,2}):(\d\d)(?![\w:])",
            lambda m: f"{_time(int(m[1]), int(m[2]))} تا {_time(int(m[3]), int(m[4]))}",
        ),
        durations(_duration),
        clock(":", "", _time),
        shared.money(NUMBERS, CURRENCIES, "و ", "هزار|میلیون|میلیارد"),
        # 3/5 is the decimal 3.5, except for a few fractions
        rule(r"(?<![\w.,/])(\d{1,3}) (\d)[/⁄](\d{1,2})(?![\w/])", _mixed),
        rule(r"(?<![\w.,/])(\d{1,6})([/⁄])(\d{1,6})(?![\w/])", _slash),
        shared.ranges("تا"),
        rule(rf"({NUMBERS.pattern}) ?- ?({NUMBERS.pattern})(?= ?%)", r"\1 تا \2"),
        shared.units(NUMBERS, units),
        rule(r"(?<![\w.,/-])(\d{1,4})(?: ?‌?ا?م| ?‌?ام)(?!\w)", lambda m: NUMBERS.ordinal(int(m[1]))),
        ratios("به"),
        shared.codes(NUMBERS),
        shared.plain_numbers(NUMBERS),
        shared.slashes(),
        shared.symbols(SYMBOLS),
        rule(r" +", " "),
        *ezafe_rules(),
    ]


def _spelling() -> list[Rule]:
    """Return rules for Arabic letters and half-spaces (U+200C), as Persian is spelled."""
    return [
        lambda text: text.translate(_ARABIC_LETTERS),
        rule(rf"(?<![{_LETTERS}]){_HALF_SPACE}+|{_HALF_SPACE}+(?![{_LETTERS}])", ""),
        rule(rf"(?<!\w)(ن?می) (?=[{_LETTERS}]{{2}})", rf"\1{_HALF_SPACE}"),
        rule(
            rf"(?<=[{_LETTERS}]) (ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?)?|هایم|هایت|هایش|ترین)(?!\w)",
            rf"{_HALF_SPACE}\1",
        ),
        rule(rf"(?<=[{_LETTERS}])ه[ {_HALF_SPACE}]ی(?!\w)", "ۀ"),
    ]


def _roman_numerals() -> Rule:
    """Return a rule for numerals behind a Persian word, and of one letter behind some nouns."""
    several = rf"(?<=[{_LETTERS}]) (?=[IVX]{{2}})({SMALL_NUMERAL})(?![\w'’-])"
    one = r"(?<=قرن|فصل|بخش|جلد|دور) ([IVX])(?![\w'’-])|(?<=جهانی) (I)(?![\w'’-])"

    def read(match: re.Match[str]) -> str:
        number = value(match[1] or match[2] or match[3])
        return " اول" if number == 1 else f" {NUMBERS.ordinal(number)}"

    return rule(f"{several}|{one}", read)


def _date(day: int, month: int, year: int) -> str:
    """Years before 1700 are of the Jalali calendar."""
    months = JALALI_MONTHS if year < 1700 else MONTHS
    return f"{NUMBERS.ordinal(day)} {months[month - 1]} {NUMBERS.cardinal(year)}"


def _short_date(match: re.Match[str]) -> str:
    year, month, day = (int(part) for part in match.groups())
    return _date(day, month, year) if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _time(hour: int, minute: int) -> str:
    words = NUMBERS.cardinal(hour)
    if not minute:
        return words
    if minute == 30 and hour <= 12:
        return f"{words} و نیم"
    return f"{words} و {NUMBERS.cardinal(minute)} دقیقه"


def _duration(hours: int, minutes: int, seconds: int) -> str:
    words = [NUMBERS.cardinal(count) for count in (hours, minutes, seconds)]
    return f"{words[0]} ساعت و {words[1]} دقیقه و {words[2]} ثانیه"


def _fraction(numerator: int, denominator: int) -> str:
    return f"{NUMBERS.cardinal(numerator)} {FRACTIONS[denominator]}"


def _mixed(match: re.Match[str]) -> str:
    whole, numerator, denominator = (int(part) for part in match.groups())
    if denominator not in FRACTIONS or not 0 < numerator < denominator:
        return match[0]
    part = "نیم" if (numerator, denominator) == (1, 2) else _fraction(numerator, denominator)
    return f"{NUMBERS.cardinal(whole)} و {part}"


def _slash(match: re.Match[str]) -> str:
    first, second = int(match[1]), int(match[3])
    common = second in FRACTIONS and (first == 1 or match[2] == "⁄" or (first, second) in _COMMON)
    if common and 0 < first < second:
        return _fraction(first, second)
    return f"{NUMBERS.integer(match[1])} {NUMBERS.point} {NUMBERS.integer(match[3])}"


_COMMON = {(2, 3), (3, 4)}

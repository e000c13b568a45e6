"""Arabic text normalization: numbers, dates, times, money; digits come from clean() as ASCII."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import clock, numeric_dates, ratios
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Currency, Rule, rule

_LETTERS = "\u0621-\u064a"
_MONTHS = [
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
]
_HOURS = [
    "الثانية عشرة", "الواحدة", "الثانية", "الثالثة", "الرابعة", "الخامسة", "السادسة", "السابعة",
    "الثامنة", "التاسعة", "العاشرة", "الحادية عشرة",
]  # fmt: skip
ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "ق.م.": "قبل الميلاد", "د.": "دكتور", "(ص)": "صلى الله عليه وسلم", "إلخ.": "إلى آخره",
        },
        Kind.BEFORE_NUMBER: {"ص.": "صفحة", "ج.": "جزء"},
        Kind.COUNTED: {"م.": "ميلادي", "هـ.": "هجري"},
    }
)  # fmt: skip
_UNITS = {
    "km/h": "كيلومتر في الساعة", "km": "كيلومتر", "cm": "سنتيمتر", "mm": "مليمتر", "m": "متر",
    "kg": "كيلوغرام", "g": "غرام", "كم": "كيلومتر", "كغ": "كيلوغرام", "سم": "سنتيمتر",
    "GB": "غيغابايت", "MB": "ميغابايت", "°C": "درجة مئوية", "°": "درجة", "%": "بالمئة",
}  # fmt: skip
_CURRENCIES = {
    "$": Currency("دولار", "دولار", "سنت", "سنت"), "€": Currency("يورو", "يورو", "سنت", "سنت"),
    "£": Currency("جنيه", "جنيه", "بنس", "بنس"), "¥": Currency("ين", "ين", "سن", "سن"),
}  # fmt: skip
_SYMBOLS = {
    "&": "و", "%": "بالمئة", "+": "زائد", "=": "يساوي", "@": "آت", "#": "رقم", "°": "درجة",
    "€": "يورو", "$": "دولار", "£": "جنيه", "¥": "ين", "¢": "سنت", "§": "مادة", "<": "أصغر من",
    ">": "أكبر من", "×": "في", "÷": "على", "±": "زائد ناقص", "−": "ناقص", "²": "تربيع",
    "³": "تكعيب", "/": "على", "⁄": "على",
}  # fmt: skip


class _ArabicNumbers(Numbers):
    def to_words(self, number: int, kind: str) -> str:
        """Write the conjunction with its word, as Arabic spells it: خمسة وعشرون."""
        return super().to_words(number, kind).replace(" و ", " و")


NUMBERS = _ArabicNumbers("ar", decimal=".", group=",", point="فاصلة", minus="ناقص")


def rules(language: str) -> list[Rule]:
    """Return the rules."""
    units = {unit: (words, words) for unit, words in _UNITS.items()}
    return [
        addresses({"@": "آت", ".": "نقطة"}),
        rule(rf"(?<=[{_LETTERS}])(?=\d)|(?<=\d)(?=[{_LETTERS}])", " "),
        ABBREVIATIONS.expand,
        *numeric_dates("/-.", _date),
        clock(":", "", _time),
        shared.money(NUMBERS, _CURRENCIES, "و", "ألف|مليون|مليار"),
        rule(r"(?<![\w.,/])1[/⁄]2(?![\w/])", "نصف"),
        shared.ranges("إلى"),
        shared.units(NUMBERS, units),
        ratios("إلى"),
        shared.codes(NUMBERS),
        shared.plain_numbers(NUMBERS),
        shared.slashes(),
        shared.symbols(_SYMBOLS),
    ]


def _date(day: int, month: int, year: int) -> str:
    return f"{NUMBERS.cardinal(day)} {_MONTHS[month - 1]} {NUMBERS.cardinal(year)}"


def _time(hour: int, minute: int) -> str:
    words = _HOURS[hour % 12]
    parts = {0: "", 15: " والربع", 20: " والثلث", 30: " والنصف"}
    if minute in parts:
        return words + parts[minute]
    if minute == 45:
        return f"{_HOURS[(hour + 1) % 12]} إلا الربع"
    return re.sub(" +", " ", f"{words} و{NUMBERS.cardinal(minute)} دقيقة")

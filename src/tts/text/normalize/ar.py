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
_ORDINALS = [
    "", "الأول", "الثاني", "الثالث", "الرابع", "الخامس", "السادس", "السابع", "الثامن", "التاسع",
    "العاشر", "الحادي عشر", "الثاني عشر", "الثالث عشر", "الرابع عشر", "الخامس عشر", "السادس عشر",
    "السابع عشر", "الثامن عشر", "التاسع عشر", "العشرون", "الحادي والعشرون",
]  # fmt: skip
_FEMININE = {1: "الأولى", 12: "الثانية عشرة"}  # where they are not the hours
_NUMBERED = "القرن|الفصل|الباب|المركز|الدرس|اليوم|الجزء|المجلد"
_NUMBERED_FEMININE = "المادة|المرتبة|الصفحة|الحلقة|الطبعة|الدورة|المرحلة"
_MINUTES = ["ثلاث", "أربع", "خمس", "ست", "سبع", "ثمان", "تسع", "عشر"]
_FRACTIONS = {
    "1/2": "نصف", "1/3": "ثلث", "2/3": "ثلثان", "1/4": "ربع", "3/4": "ثلاثة أرباع",
    "1/5": "خمس", "1/10": "عشر",
}  # fmt: skip
_PLURALS = {"ألف": "آلاف", "مليون": "ملايين", "مليار": "مليارات"}  # behind 3 to 10
_ATTACHED = "\u2060"  # a conjunction or preposition was written without a space
_UNITS = {
    "كم/س": "كيلومتر في الساعة", "كم/ساعة": "كيلومتر في الساعة",
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
        """Write the conjunction with its word, as Arabic spells it: خمسة وعشرون.

        A dual that ends the number keeps its last letter: ألفان.
        """
        words = super().to_words(number, kind).replace(" و ", " و")
        return re.sub(r"(?<![^\sو])(مئت|ألف|مليون)ا$", r"\1ان", words)


NUMBERS = _ArabicNumbers("ar", decimal=".", group=",", point="فاصلة", minus="ناقص")


def rules(language: str) -> list[Rule]:
    """Return the rules."""
    units = {unit: (words, words) for unit, words in _UNITS.items()}
    return [
        addresses({"@": "آت", ".": "نقطة"}),
        rule(rf"(?<![{_LETTERS}])([وفبلك])(?=\d)", rf"\1 {_ATTACHED}"),
        rule(r"%\s?(\d+(?:[.,]\d+)?)(?!\s?%|\d)", r"\1%"),
        rule(rf"(?<=[{_LETTERS}])(?=\d)|(?<=\d)(?=[{_LETTERS}])", " "),
        ABBREVIATIONS.expand,
        *numeric_dates("/-.", _date),
        clock(":", "", _time),
        shared.money(NUMBERS, _CURRENCIES, "و", "ألف|مليون|مليار"),
        rule(
            r"(?<![\w.,/])(\d)[/⁄](10|\d)(?![\w/])",
            lambda m: _FRACTIONS.get(f"{m[1]}/{m[2]}", m[0]),
        ),
        rule(rf"({_NUMBERED}) (\d{{1,2}})(?![\w.,/:-])", _ordinal),
        rule(rf"({_NUMBERED_FEMININE}) (\d{{1,2}})(?![\w.,/:-])", _feminine),
        rule(
            rf"(?<![\w.,/:-])([3-9]|10) ({'|'.join(_PLURALS)})(?![{_LETTERS}])",
            lambda m: f"{m[1]} {_PLURALS[m[2]]}",
        ),
        shared.ranges("إلى"),
        shared.units(NUMBERS, units),
        ratios("إلى"),
        shared.codes(NUMBERS),
        shared.plain_numbers(NUMBERS),
        shared.slashes(),
        shared.symbols(_SYMBOLS),
        rule(rf" {_ATTACHED} ?", ""),
    ]


def _ordinal(match: re.Match[str]) -> str:
    number = int(match[2])
    return f"{match[1]} {_ORDINALS[number]}" if 0 < number < len(_ORDINALS) else match[0]


def _feminine(match: re.Match[str]) -> str:
    number = int(match[2])
    if not 0 < number <= 12:
        return match[0]
    return f"{match[1]} {_FEMININE.get(number, _HOURS[number % 12])}"


def _date(day: int, month: int, year: int) -> str:
    return f"{NUMBERS.cardinal(day)} {_MONTHS[month - 1]} {NUMBERS.cardinal(year)}"


def _time(hour: int, minute: int) -> str:
    words = _HOURS[hour % 12]
    parts = {0: "", 15: " والربع", 20: " والثلث", 30: " والنصف"}
    if minute in parts:
        return words + parts[minute]
    if minute == 45:
        return f"{_HOURS[(hour + 1) % 12]} إلا الربع"
    if minute == 1:
        return f"{words} ودقيقة"
    if minute == 2:
        return f"{words} ودقيقتان"
    if minute <= 10:
        return f"{words} و{_MINUTES[minute - 3]} دقائق"
    return f"{words} و{NUMBERS.cardinal(minute)} دقيقة"

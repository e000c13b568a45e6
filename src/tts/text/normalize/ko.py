"""Korean text normalization: native numbers with counters and hours, Sino-Korean ones elsewhere."""

import re

from tts.text.normalize import shared_rules as shared
from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import numeric_dates, ratios
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.roman import SMALL_NUMERAL, value
from tts.text.normalize.shared_rules import Currency, Rule, rule

ABBREVIATIONS = Abbreviations({Kind.BEFORE_NUMBER: {"No.": "넘버"}})
NUMBERS = Numbers("ko", decimal=".", group=",", point="점", minus="마이너스")
_TENS = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"]
_ONES = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"]
_ALONE = ["", "하나", "둘", "셋", "넷"]
_MONTHS = {6: "유월", 10: "시월"}
# counted by native numbers, up to 99
_COUNTERS = "시간|시|개(?!월)|명|살|마리|번째|번|권|잔|병|장|대|사람|그루|송이|켤레|달|채|척|판"
_UNITS = {
    "km/h": "킬로미터 퍼 아워", "km": "킬로미터", "cm": "센티미터", "mm": "밀리미터", "m": "미터",
    "kg": "킬로그램", "mg": "밀리그램", "g": "그램", "ml": "밀리리터", "L": "리터", "l": "리터",
    "GB": "기가바이트", "MB": "메가바이트", "°C": "도", "℃": "도", "°": "도", "%": "퍼센트",
}  # fmt: skip
# what is written behind a unit without a space
_PARTICLES = "와|과|은|는|이|가|을|를|에|의|로|으로|도|까지|부터|만|에서|입니다|이다|였다|이었다"
_DIGITS = "영|일|이|삼|사|오|육|칠|팔|구|십|백|천|만"  # syllables of numbers
# behind a number: without those that are digits themselves
_AFTER_NUMBERS = "와|과|은|는|가|을|를|에|의|으로|까지|부터|에서|입니다|이다|였다|이었다"
_ROMAN_NOUNS = "장|부|권|편|세|기"
_NOUNS = [
    "퍼센트", "도", "미터", "그램", "리터", "바이트", "아워", "달러", "유로", "센트", "원",
]  # fmt: skip
_CURRENCIES = {
    "KRW": Currency("원", "원", "전", "전"), "$": Currency("달러", "달러", "센트", "센트"),
    "€": Currency("유로", "유로", "센트", "센트"),
    "£": Currency("파운드", "파운드", "펜스", "펜스"),
    "¥": Currency("엔", "엔", "센", "센"),
}  # fmt: skip
_SYMBOLS = {
    "&": "앤드", "%": "퍼센트", "+": "더하기", "=": "는", "@": "골뱅이", "#": "샵", "°": "도",
    "€": "유로", "$": "달러", "£": "파운드", "¥": "엔", "¢": "센트", "§": "조", "<": "작다",
    ">": "크다", "×": "곱하기", "÷": "나누기", "±": "플러스 마이너스", "−": "마이너스",
    "²": "제곱", "³": "세제곱", "/": "분의", "⁄": "분의",
}  # fmt: skip


def rules(language: str) -> list[Rule]:
    """Return the rules; numbers keep a space before the word that they count."""
    units = {unit: (words, words) for unit, words in _UNITS.items()}
    return [
        addresses({"@": "골뱅이", ".": "점"}),
        rule(r"(?<=[A-Za-z%°²³])(?=[가-힣])", " "),
        ABBREVIATIONS.expand,
        rule(
            rf"(?<![A-Za-z])({SMALL_NUMERAL}) ?(?=(?:{_ROMAN_NOUNS})(?![가-힣]))",
            lambda m: f"{NUMBERS.cardinal(value(m[1]))} ",
        ),
        # telephone numbers, whatever particle follows
        rule(r"((?<![\d-])0\d{1,2}-\d{3,4}-\d{4})(?=[가-힣])", r"\1 "),
        *numeric_dates("./-", _date),
        rule(
            r"(?<![\d.])((?:1[5-9]|20)\d\d)\. ?(1?\d)\. ?([1-3]?\d)(?:\.(?!\d)|(?![\d.]))",
            lambda m: _date(int(m[3]), int(m[2]), int(m[1])),
        ),
        rule(r"제 ?(\d+)(?=\D|$)", lambda m: f"제{NUMBERS.read(m[1])} "),
        rule(rf"({NUMBERS.signed}) ?(만|억|조) ?(?=원|명|개)", _large),
        rule(r"(?<![\d.,:])(\d{1,2}):([0-5]\d)(?![\d:])", _clock),
        rule(r"(?<!\d)(1?\d)월", lambda m: _month(int(m[1]))),
        shared.money(NUMBERS, _CURRENCIES, "", "만|억|조"),
        rule(
            rf"(?<![\d.,:/-])([1-9]\d?) ?- ?([1-9]\d?) ?({_COUNTERS})",
            lambda m: f"{native(int(m[1]), False)}에서 {native(int(m[2]))} {m[3]}",
        ),
        rule(rf"(?<![\d.,:/-])([1-9]\d?) ?({_COUNTERS})", _counted),
        rule(r"(\d+)[/⁄](\d+)", lambda m: f"{NUMBERS.read(m[2])}분의 {NUMBERS.read(m[1])}"),
        shared.ranges("에서"),
        rule(r"(?<=\d) ?[~～] ?(?=\d)", "에서 "),
        shared.units(NUMBERS, units),
        ratios("대"),
        shared.codes(NUMBERS),
        rule(rf"({NUMBERS.signed})(?=[가-힣])", lambda m: f"{NUMBERS.read(m[1])} "),
        shared.plain_numbers(NUMBERS),
        shared.slashes(),
        shared.symbols(_SYMBOLS),
        rule(rf"(?<![가-힣])((?:{_DIGITS})+) +(?=(?:{_AFTER_NUMBERS})(?![가-힣]))", r"\1"),
        rule(rf"({'|'.join(_NOUNS)}) +(?=(?:{_PARTICLES})(?![가-힣]))", r"\1"),
    ]


def native(number: int, counts: bool = True) -> str:
    """Return a native number below 100, as it stands before a counter: 스무 개, 스물한 개.

    ``counts``: False for a number alone: 스물, 하나.
    """
    if not counts and 0 < number % 10 < 5:
        return _TENS[number // 10] + _ALONE[number % 10]
    words = _TENS[number // 10] + _ONES[number % 10]
    return "스무" if number == 20 and counts else words


def _counted(match: re.Match[str]) -> str:
    return f"{native(int(match[1]))} {match[2]}"


def _large(match: re.Match[str]) -> str:
    """Return 십만, 삼억: a factor and its large number are one word."""
    return f"{NUMBERS.read(match[1])}{match[2]} "


def _month(number: int) -> str:
    return _MONTHS.get(number, f"{NUMBERS.cardinal(number)}월")


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24:
        return match[0]
    words = f"{native(hour % 12 or 12) if hour <= 12 else NUMBERS.cardinal(hour)} 시"
    return f"{words} {NUMBERS.cardinal(minute)} 분" if minute else words


def _date(day: int, month: int, year: int) -> str:
    return f"{NUMBERS.cardinal(year)} 년 {_month(month)} {NUMBERS.cardinal(day)} 일"

"""Mandarin Chinese text normalization."""

import re

from tts.text.normalize import fallback
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import durations, numeric_dates
from tts.text.normalize.cmn_numbers import ChineseNumbers
from tts.text.normalize.cmn_tables import (
    ABBREVIATIONS,
    ADDRESS,
    COINS,
    CURRENCIES,
    MEASURES,
    SYMBOLS,
    UNITS,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.telephone import telephone

__all__ = ["ABBREVIATIONS", "rules"]

NUMBERS = ChineseNumbers()

_SCALE = "[万亿千百]+"
_JOINER = "\u2060"  # clean() removes it from all text
_HAN = "\u4e00-\u9fff"


def rules(language: str) -> list[Rule]:
    """Return the rules; text in pinyin has none, since it is not written in characters."""
    if "latn" in language:
        return fallback.rules(language)
    signs = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
    units = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
    number = rf"(?<![\w.,])[-−]?{NUMBERS.pattern}|(?<=[{_HAN}]){NUMBERS.pattern}"
    return [
        # a mark between characters and digits, which are all letters to a regular expression
        rule(rf"(?<=[{_HAN}])(?=[-−+\w])(?![{_HAN}])|(?<=[0-9A-Za-z])(?=[{_HAN}])", _JOINER),
        addresses(ADDRESS),
        telephone(
            NUMBERS.telephone,
            "加",
            "电话|手机|传真|热线|号码|电话是|电话号码是|号码是",
            r"1[3-9]\d(?:[ -]?\d{4}){2}|0\d{2,3}-\d{7,8}|[48]00-\d{3,4}-\d{3,4}",
        ),
        *numeric_dates("/.-", _date),
        rule(r"(?<![\w.,/-])(\d{4})([/-])(\d{1,2})\2(\d{1,2})(?![\w/-])", _short_date),
        rule(_JOINER, ""),
        rule(
            r"(?<!\d)(\d{4})(?:-|—|~|至)(\d{4})(?=年)",
            lambda m: f"{NUMBERS.digits(m[1])}到{NUMBERS.digits(m[2])}",
        ),
        rule(r" ([−×÷]) ", r"\1"),
        rule(
            r"(\d{2,4})年(?:(\d{1,2})月(?:(\d{1,2})([日号]))?)?",
            _chinese_date,
        ),
        rule(r"(\d{1,2})月(\d{1,2})([日号])", lambda m: f"{_read(m[1])}月{_read(m[2])}{m[3]}"),
        rule(
            r"(\d{1,2}):(\d\d) ?(?:-|—|~|至|到) ?(\d{1,2}):(\d\d)",
            lambda m: f"{_time(int(m[1]), int(m[2]))}到{_time(int(m[3]), int(m[4]))}",
        ),
        durations(_duration),
        _chinese_clock(),
        rule(r"(?<!\d)(\d{1,3}):(\d{1,3})(?!\d)", lambda m: f"{_read(m[1])}比{_read(m[2])}"),
        rule(
            rf"({NUMBERS.pattern}) ?%? ?(?:-|—|~|至|到) ?({NUMBERS.pattern}) ?%",
            lambda m: f"百分之{_read(m[1])}到百分之{_read(m[2])}",
        ),
        rule(rf"([-−]?)({NUMBERS.pattern}) ?%", _percent),
        rule(
            rf"([-−]?)({NUMBERS.pattern}) ?(?:°C|°|度(?=[CF]?))(?:(?<=度)C|(?<=度)F)?",
            _degrees,
        ),
        rule(rf"([-−]?)({NUMBERS.pattern}) ?°F", lambda m: f"{_below(m[1])}{_read(m[2])}华氏度"),
        rule(rf"([-−])?({signs}) ?([-−])?({NUMBERS.pattern})({_SCALE})?", _money_before),
        rule(
            rf"([-−])?({NUMBERS.pattern})({_SCALE})? ?({signs})(?![A-Za-z])",
            lambda m: _amount(m[1], m[2], m[3], m[4]),
        ),
        rule(
            r"(?<![\d.,/])(\d{1,4})[/⁄](\d{1,4})(?![\d/])",
            lambda m: f"{_read(m[2])}分之{_read(m[1])}",
        ),
        rule(
            rf"(?<![\d.,-])({NUMBERS.pattern}) ?[-—~] ?({NUMBERS.pattern})(?=[^\d\W]|[%°])",
            lambda m: f"{_read(m[1])}到{m[2]}" if len(m[1]) < 5 else m[0],
        ),
        rule(r"(\d+)(?=楼|号线|路公交)", lambda m: _read(m[1])),
        rule(r"(\d{3,4})(?=室|房间|号房)|(?<=房间号)(\d{3,4})", lambda m: NUMBERS.digits(m[0])),
        rule(r"第(\d+)", lambda m: f"第{_read(m[1])}"),
        rule(
            rf"({number}) ?({units})(?![A-Za-z²³/])",
            lambda m: f"{NUMBERS.counted(m[1])}{UNITS[m[2]]}",
        ),
        rule(
            rf"({number})(?={_SCALE}|[多余来几]?(?:{MEASURES}))",
            lambda m: NUMBERS.counted(m[1]),
        ),
        rule(r"(?<![\w.,-])(1[5-9]\d\d|20\d\d)(?=[年届级])", lambda m: NUMBERS.digits(m[1])),
        rule(
            r"(?<![\w.,])(\d+(?:-\d+)+)(?!\w)",
            lambda m: "，".join(NUMBERS.digits(part) for part in m[1].split("-")),
        ),
        rule(r"(?<=\d)−(?=\d)", "减"),
        rule(r"(?<![A-Za-z0-9.,])[-−](?=\d)", "负"),
        rule(NUMBERS.pattern, lambda m: _read(m[0])),
        rule("[" + re.escape("".join(SYMBOLS)) + "]", lambda m: SYMBOLS[m[0]]),
        rule("，", ", "),
    ]


def _read(written: str) -> str:
    return NUMBERS.read(written)


def _date(day: int, month: int, year: int) -> str:
    words = NUMBERS.digits(str(year)) if year > 99 else NUMBERS.digits(f"{year:02d}")
    return f"{words}年{NUMBERS.cardinal(month)}月{NUMBERS.cardinal(day)}日"


def _short_date(match: re.Match[str]) -> str:
    year, month, day = int(match[1]), int(match[3]), int(match[4])
    return _date(day, month, year) if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _chinese_date(match: re.Match[str]) -> str:
    year, month, day, unit = match.groups()
    words = f"{NUMBERS.digits(year)}年" if len(year) != 3 else f"{_read(year)}年"
    if len(year) == 2 and month is None:
        words = f"{_read(year)}年" if int(year) <= 30 else words  # 10年 is a duration
    if year == "2" or (month is None and len(year) == 1):
        words = f"{NUMBERS.counted(year)}年"
    if month:
        words += f"{_read(month)}月"
    return words + (f"{_read(day)}{unit}" if day else "")


def _time(hour: int, minute: int) -> str:
    words = f"{NUMBERS.counted(str(hour))}点"
    if minute == 0:
        return words if hour else "零点"
    if minute == 30 and hour <= 12:
        return f"{words}半"
    return f"{words}{'零' if minute < 10 else ''}{NUMBERS.cardinal(minute)}分"


def _chinese_clock() -> Rule:
    def replace(match: re.Match[str]) -> str:
        hour, minute = int(match[1]), int(match[2])
        return _time(hour, minute) if hour <= 24 and minute <= 59 else match[0]

    return rule(r"(?<![\d:.,])(\d{1,2}):(\d\d)(?![\d:])", replace)


def _duration(hours: int, minutes: int, seconds: int) -> str:
    parts = ((hours, "小时"), (minutes, "分"), (seconds, "秒"))
    return "".join(f"{NUMBERS.counted(str(count))}{unit}" for count, unit in parts)


def _below(sign: str | None) -> str:
    return "零下" if sign else ""


def _degrees(match: re.Match[str]) -> str:
    unit = "摄氏度" if "C" in match[0] else "度"
    if "F" in match[0]:
        unit = "华氏度"
    return f"{_below(match[1])}{NUMBERS.read(match[2])}{unit}"


def _percent(match: re.Match[str]) -> str:
    return f"{'负' if match[1] else ''}百分之{_read(match[2])}"


def _money_before(match: re.Match[str]) -> str:
    return _amount(match[1] or match[3], match[4], match[5], match[2])


def _amount(sign: str | None, written: str, scale: str | None, currency: str) -> str:
    """Return 五元五角, 五美元, 一点五亿元."""
    minus = "负" if sign else ""
    integer, _, coins = written.partition(".")
    if CURRENCIES[currency] == "元" and len(coins) in (1, 2) and not scale and coins.strip("0"):
        tens, ones = coins[0], coins[1:].strip("0")
        words = f"{NUMBERS.counted(integer)}元" if integer.strip("0,") else ""
        words += f"{NUMBERS.counted(tens)}角" if tens != "0" else "零" if words else ""
        return f"{minus}{words}{NUMBERS.counted(ones) + COINS if ones else ''}"
    if not coins.strip("0"):
        written = integer
    return f"{minus}{NUMBERS.counted(written)}{scale or ''}{CURRENCIES[currency]}"

"""English dates, years and times of day."""

import re
from collections.abc import Callable

from tts.text.normalize.calendar import numeric_dates
from tts.text.normalize.en_abbreviations import MONTHS
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule

_MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS), "Sept"])
_YEAR, _DAY = r"(\d{4})", r"([12]?\d|3[01])(?:st|nd|rd|th)?"
_HALF_DAY = r"([ap]m|[AP]M|A M|P M|[AP]m)"


def dates(numbers: Numbers, month_first: bool) -> list[Rule]:
    """2024-05-17, 5/17/2024 (or 17/5/2024), May 17, 2024, 17 May 2024."""

    def month_first_date(day: int, month: str, year: int | None) -> str:
        words = f"{month} {numbers.ordinal(day)}"
        return f"{words}, {numbers.year(year)}" if year else words

    def day_first_date(day: int, month: str, year: int | None) -> str:
        words = f"the {numbers.ordinal(day)} of {month}"
        return f"{words} {numbers.year(year)}" if year else words

    def span(match: re.Match[str]) -> str:
        first, last = (numbers.ordinal(int(day)) for day in match.group(2, 3))
        return f"{_month(match[1])} {first} to {last}"

    in_digits = month_first_date if month_first else day_first_date

    return [
        *numeric_dates("/.", lambda d, m, y: in_digits(d, MONTHS[m - 1], _full(y)), month_first),
        rule(
            r"(?<![\w.,/-])(\d{1,2})/(\d{1,2})/(\d\d)(?![\w/-])",
            lambda m: _checked(m, month_first, in_digits),
        ),
        rule(rf"\b({_MONTH}) {_DAY}(?: ?- ?| to ){_DAY}\b(?!\d|,\d)", span),
        rule(
            rf"\b({_MONTH}) {_DAY}\b(?:,? {_YEAR}\b)?",
            lambda m: month_first_date(int(m[2]), _month(m[1]), int(m[3]) if m[3] else None),
        ),
        rule(
            rf"\b(?:the )?{_DAY} (?:of )?({_MONTH})\b(?:,? {_YEAR}\b)?",
            lambda m: day_first_date(int(m[1]), _month(m[2]), int(m[3]) if m[3] else None),
        ),
    ]


def _checked(
    match: re.Match[str], month_first: bool, spell: Callable[[int, str, int | None], str]
) -> str:
    first, second, year = (int(part) for part in match.groups())
    day, month = (second, first) if month_first else (first, second)
    if month > 12:
        day, month = month, day
    valid = 1 <= month <= 12 and 1 <= day <= 31
    return spell(day, MONTHS[month - 1], _full(year)) if valid else match[0]


def _full(year: int) -> int:
    """Return 1985 for 85, and 2024 for 24."""
    if year > 99:
        return year
    return 2000 + year if year < 50 else 1900 + year


def _month(written: str) -> str:
    return next(month for month in MONTHS if month.startswith(written[:3].capitalize()))


def times(numbers: Numbers) -> list[Rule]:
    """3:05, 15:45, 3:30 pm, 7 A M, 10.30pm, 00:00; also 1:23:45 and the ratio 2:1."""

    def clock(match: re.Match[str]) -> str:
        hour, minute, half = int(match[1]), int(match[2]), match[3]
        if hour > 24 or minute > 59:
            return match[0]
        if hour in (0, 24) and minute == 0 and not half:
            return "midnight"
        words = numbers.cardinal(hour)
        if minute:
            words += f" {'oh ' if minute < 10 else ''}{numbers.cardinal(minute)}"
        elif not half:
            words += " o'clock" if hour <= 12 else " hundred hours"
        return f"{words} {_letters(half)}" if half else words

    def duration(match: re.Match[str]) -> str:
        hours, minutes, seconds, half = match.groups()
        if int(minutes) > 59 or int(seconds) > 59:
            return match[0]
        if half:
            clock_words = f"{numbers.integer(hours)} {numbers.cardinal(int(minutes))}"
            return f"{clock_words} and {_count(seconds, 'second')} {_letters(half)}"
        return (
            f"{_count(hours, 'hour')}, {_count(minutes, 'minute')} and {_count(seconds, 'second')}"
        )

    def _count(written: str, noun: str) -> str:
        return numbers.with_noun(str(int(written)), noun, f"{noun}s")

    return [
        rule(
            rf"(?<![\d:.,])(\d{{1,3}}):(\d\d):(\d\d)(?![\d:])(?: ?{_HALF_DAY}\b)?",
            duration,
        ),
        rule(
            rf"(?<![\d:.,])(\d{{1,2}}):(\d\d)(?![\d:]|,\d)(?: ?{_HALF_DAY}\b)?"
            r"(?: (?:o'clock|hrs\b\.?|hours\b))?",
            clock,
        ),
        rule(rf"(?<![\d:.,])(\d{{1,2}})\.([0-5]\d) ?{_HALF_DAY}\b", clock),
        rule(
            rf"\b(\d{{1,2}})(?: o'clock)? ?{_HALF_DAY}\b",
            lambda match: f"{numbers.integer(match[1])} {_letters(match[2])}",
        ),
        rule(r"(?<![\w:.,-])(\d+(?:\.\d+)?):(\d[\d,]*(?:\.\d+)?)(?![\w:])", r"\1 to \2"),
    ]


def _letters(half_day: str) -> str:
    return " ".join(half_day.upper().replace(" ", ""))


def years(numbers: Numbers) -> list[Rule]:
    """1999, in 1066: four digits from 1100 to 2099 without a comma, earlier ones after "in"."""
    return [
        rule(
            r"(?<![\w.,$£€-])(1[1-9]\d\d|20\d\d)(?![\d.,:]*\d|\w|-\w)",
            lambda match: numbers.year(int(match[0])),
        ),
        rule(
            r"\b((?i:in|since|until|before|after|by|around|year|of)) (10[1-9]\d)"
            r"(?= ?(?:[,;:!?)]|\.(?!\d)|$|[AB] ?[DC]\b|B ?C ?E\b|C ?E\b))",
            lambda match: f"{match[1]} {numbers.year(int(match[2]))}",
        ),
    ]


_BOOKS = (
    "Genesis|Exodus|Leviticus|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|Chronicles|Job|Psalms?"
    "|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Matthew|Mark|Luke|John|Acts|Romans"
    "|Corinthians|Galatians|Ephesians|Philippians|Colossians|Timothy|Hebrews|James|Peter|Revelation"
)


def verses(numbers: Numbers) -> Rule:
    """John 3:16 -> John three sixteen."""

    def spell(match: re.Match[str]) -> str:
        book, chapter, verse, last = match.groups()
        words = f"{book} {numbers.integer(chapter)} {numbers.integer(verse)}"
        return f"{words} to {numbers.integer(last)}" if last else words

    return rule(rf"\b({_BOOKS}) (\d{{1,3}}):(\d{{1,3}})(?:-(\d{{1,3}}))?\b(?!:)", spell)

"""English dates, years and times of day."""

import re

from tts.text.normalize.calendar import numeric_dates
from tts.text.normalize.en_abbreviations import MONTHS
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule

_MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS), "Sept"])
_YEAR, _DAY = r"(\d{4})", r"([12]?\d|3[01])(?:st|nd|rd|th)?"
_HALF_DAY = r"([ap]m|[AP]M|A M|P M)"


def dates(numbers: Numbers, month_first: bool) -> list[Rule]:
    """2024-05-17, 5/17/2024 (or 17/5/2024), May 17, 2024, 17 May 2024."""

    def month_first_date(day: int, month: str, year: int | None) -> str:
        words = f"{month} {numbers.ordinal(day)}"
        return f"{words}, {numbers.year(year)}" if year else words

    def day_first_date(day: int, month: str, year: int | None) -> str:
        words = f"the {numbers.ordinal(day)} of {month}"
        return f"{words} {numbers.year(year)}" if year else words

    in_digits = month_first_date if month_first else day_first_date

    return [
        *numeric_dates("/", lambda d, m, y: in_digits(d, MONTHS[m - 1], y), month_first),
        rule(
            rf"\b({_MONTH}) {_DAY}\b(?:,? {_YEAR}\b)?",
            lambda m: month_first_date(int(m[2]), _month(m[1]), int(m[3]) if m[3] else None),
        ),
        rule(
            rf"\b(?:the )?{_DAY} (?:of )?({_MONTH})\b(?:,? {_YEAR}\b)?",
            lambda m: day_first_date(int(m[1]), _month(m[2]), int(m[3]) if m[3] else None),
        ),
    ]


def _month(written: str) -> str:
    return next(month for month in MONTHS if month.startswith(written[:3]))


def times(numbers: Numbers) -> list[Rule]:
    """3:05, 15:45, 3:30 pm, 7 A M."""

    def clock(match: re.Match[str]) -> str:
        hour, minute, half = int(match[1]), int(match[2]), match[3]
        if hour > 24 or minute > 59:
            return match[0]
        words = numbers.cardinal(hour)
        if minute:
            words += f" {'oh ' if minute < 10 else ''}{numbers.cardinal(minute)}"
        elif not half:
            words += " o'clock" if hour <= 12 else " hundred hours"
        return f"{words} {_letters(half)}" if half else words

    return [
        rule(rf"(?<![\d:])(\d{{1,2}}):(\d\d)(?![\d:])(?: ?{_HALF_DAY}\b)?", clock),
        rule(
            rf"\b(\d{{1,2}}) ?{_HALF_DAY}\b",
            lambda match: f"{numbers.integer(match[1])} {_letters(match[2])}",
        ),
    ]


def _letters(half_day: str) -> str:
    return " ".join(half_day.upper().replace(" ", ""))


def decades(numbers: Numbers) -> Rule:
    """The 1990s, the '80s."""

    def spell(match: re.Match[str]) -> str:
        words = numbers.cardinal(int(match[1])) if match[1] else numbers.year(int(match[2]))
        return words[:-1] + "ies" if words.endswith("y") else words + "s"

    return rule(r"(?<![\w.,])(?:'(\d0)|(1[1-9]\d0|20\d0))'?s\b", spell)


def years(numbers: Numbers) -> Rule:
    """Four digits from 1100 to 2099 without a comma are read as a year."""
    return rule(
        r"(?<![\w.,$£€-])(1[1-9]\d\d|20\d\d)(?![\d.,:]*\d|\w|-\w)",
        lambda match: numbers.year(int(match[0])),
    )

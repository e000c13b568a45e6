"""Numeric dates and times of day: rules for every language, given its marks and words."""

import re
from collections.abc import Callable, Mapping

from tts.text.normalize.shared_rules import Rule, rule

_DATE_OR_TIME = re.compile(r"\s?\d{1,2}(?:er|°|º)? (?:de )?[a-zà-ÿ]{3,}|\s?\d{1,2}[/.:h-]\d?")


def numeric_dates(
    separators: str, spell: Callable[[int, int, int], str], month_first: bool = False
) -> list[Rule]:
    """Replace 2024-05-17, and 17/5/2024 with one of ``separators``, by ``spell(day, month, year)``.

    Years of two digits, as in 17/05/24, are passed as they are. Impossible dates stay.
    """

    def checked(day: str, month: str, year: str, written: str) -> str:
        valid = 1 <= int(month) <= 12 and 1 <= int(day) <= 31
        return spell(int(day), int(month), int(year)) if valid else written

    def local_order(match: re.Match[str]) -> str:
        first, second, year = match.group(1, 3, 4)
        day, month = (second, first) if month_first else (first, second)
        if int(month) > 12:
            day, month = month, day
        return checked(day, month, year, match[0])

    return [
        rule(
            rf"(?<![\w.,/-])(\d{{4}})([-{re.escape(separators)}])(\d\d)\2(\d\d)(?![\w/-]|[.,]\d)",
            lambda m: checked(m[4], m[3], m[1], m[0]),
        ),
        rule(
            r"(?<![\w.,/-])((?:1[5-9]|20)\d\d)/(\d{1,2})/(\d{1,2})(?![\w/-]|[.,]\d)",
            lambda m: checked(m[3], m[2], m[1], m[0]),
        ),
        rule(
            rf"(?<![\w.,/-])(\d{{1,2}})([{re.escape(separators)}])(\d{{1,2}})\2(\d{{4}})(?![\w/-])",
            local_order,
        ),
        rule(
            rf"(?<![\w.,/-])(\d\d)([{re.escape(separators)}])(\d\d)\2(\d\d)(?![\w/-]|[.,]\d)",
            local_order,
        ),
    ]


def clock(marks: str, after: str, spell: Callable[[int, int], str]) -> Rule:
    """Replace 5:30, and 5.30 or 5h30 with one of ``marks``, by ``spell(hour, minute)``.

    ``after``: a pattern of what belongs to the time and is left out, such as " ?Uhr". A mark other
    than the colon needs it, unless it is a letter. Impossible times stay.
    """
    letters = "".join(mark for mark in marks if mark.isalpha())
    others = re.escape("".join(mark for mark in marks if not mark.isalpha()))
    pattern = (
        rf"(?<![\w:.,-])(\d{{1,2}})(?:[:{letters}](\d\d)(?:{after})?|[{others}:](\d\d)(?:{after}))"
    )

    def replace(match: re.Match[str]) -> str:
        hour, minute = int(match[1]), int(match[2] or match[3])
        return spell(hour, minute) if hour <= 24 and minute <= 59 else match[0]

    return rule(rf"{pattern}(?![\w:]|\.\d)", replace)


def dotted_times(before: str) -> Rule:
    """Write the dot of ``um 9.30`` as a colon; ``before``: a pattern of words before a time."""
    return rule(rf"\b({before}) ([01]?\d|2[0-4])\.([0-5]\d)(?![.,]?\d| ?[%°€$])", r"\1 \2:\3")


def weekday_spans(days: Mapping[str, str], to: str) -> Rule:
    """Lun.-vie., lun-vie: ``days`` by their abbreviations without the dot."""
    names = "|".join(days)
    return rule(
        rf"\b((?i:{names}))\.? ?(?:-|—) ?((?i:{names}))\b\.?",
        lambda m: f"{days[m[1].lower()]} {to} {days[m[2].lower()]}",
    )


def is_date(after: str) -> bool:
    """Return whether a date or time follows an abbreviated weekday: vie. 5 de abril."""
    return _DATE_OR_TIME.match(after) is not None


def durations(spell: Callable[[int, int, int], str]) -> Rule:
    """Replace 1:23:45 by ``spell(hours, minutes, seconds)``."""

    def replace(match: re.Match[str]) -> str:
        hours, minutes, seconds = (int(part) for part in match.groups())
        return spell(hours, minutes, seconds) if minutes <= 59 and seconds <= 59 else match[0]

    return rule(r"(?<![\w:.,-])(\d{1,3}):(\d\d):(\d\d)(?![\w:]|\.\d)", replace)


def ratios(to: str) -> Rule:
    """Read 2:1 as two ``to`` one, after the times of day."""
    return rule(r"(?<![\w:.,-])(\d{1,6}):(\d{1,6})(?![\w:]|[.,]\d)", rf"\1 {to} \2")


def time_spans(to: str, after: str | None = None) -> Rule:
    """Read the hyphen or dash of 9:00-17:30 and 9h-17h30 as ``to``.

    ``after``: a pattern of what follows the last time of 9.00-17.30 Uhr; None: dots are no times.
    """
    span = rule(
        r"(?:(?<=\d[:.h]\d\d)|(?<=\dh))(?: ?- ?| — )(?=\d{1,2}(?:[:.h]\d\d|h(?!\w)))", f" {to} "
    )
    dotted_hyphen = rule(
        r"(?<![\w.,:-])([01]?\d|2[0-4])\.([0-5]\d) ?(?:-|—) ?([01]?\d|2[0-4])\.([0-5]\d)"
        r"(?![\w-]|[.,]\d| ?[%°€$£])",
        rf"\1:\2 {to} \3:\4",
    )
    if after is None:
        return lambda text: span(dotted_hyphen(text))
    dotted = rule(
        rf"(?<![\w.,:])(\d{{1,2}})\.([0-5]\d) ({to}) (\d{{1,2}})\.([0-5]\d)(?={after})(?![.,]?\d)",
        r"\1:\2 \3 \4:\5",
    )
    return lambda text: dotted(span(dotted_hyphen(text)))

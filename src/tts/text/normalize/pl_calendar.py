"""Polish dates and times of day, declined after the word before them."""

import re

from tts.text.normalize import roman
from tts.text.normalize.calendar import clock, durations, numeric_dates
from tts.text.normalize.pl_numbers import NUMBERS, ordinal
from tts.text.normalize.pl_tables import MONTHS, UNITS
from tts.text.normalize.shared_rules import Rule, rule

_MONTH = "|".join(MONTHS)
_HOUR = r"([01]?\d|2[0-4])(?:[:.]([0-5]\d))?"
_HOURS = rf"{_HOUR}(?:-| ?— ?){_HOUR}(?![\w:]|[.,]\d)"
_CLOCK_AFTER = "[Oo]|[Oo]d|[Dd]o|[Pp]o|[Oo]koło|[Zz]|[Pp]rzed"
# verbs and comparatives that make "o 5" an amount
_CHANGES = re.compile(
    r"(?i)wzr|rośnie|rosł|spad|zmniejsz|zwiększ|obniż|podni|mniej|więcej|starsz|młodsz|\w+szy$|\w+sza$"
)


def dates() -> list[Rule]:
    """05.03.2024, 24.12., 5-7 maja, 3 maja 1791 roku."""
    return [
        *numeric_dates("./-", _written_date),
        rule(
            r"(?<![\w.,])([12]?\d|3[01])\.(1[0-2]|0?[1-9])\.(?!\d)",
            lambda m: f"{m[1]} {MONTHS[int(m[2]) - 1]}{'.' * _ends(m)}",
        ),
        rule(
            rf"(?:\b([Oo]d|[Ww] dniach) )?(?<![\w.,-])([12]?\d|3[01])\.?"
            rf"(?:-| ?— ?)([12]?\d|3[01])\.? ({_MONTH})\b",
            _span_of_days,
        ),
        rule(
            r"(?<![\w.,])([12]?\d|3[01]) (I{1,3}|I?V|VI{1,3}|I?X|XI{1,2}) (\d{4})(?!\w)",
            lambda m: f"{m[1]} {MONTHS[roman.value(m[2]) - 1]} {m[3]}",
        ),
        rule(
            rf"(?:\b((?:[Dd]ziś|[Dd]zisiaj|[Jj]utro)(?: jest)?) )?"
            rf"(?<![\w.,])([12]?\d|3[01])\.? ({_MONTH})\b"
            r"(?: (\d{4})(?![.,]?\d)(?: (?:r\.|roku\b))?)?",
            _date,
        ),
    ]


def times_with_words() -> list[Rule]:
    """Godz. 12, w godz. 8-16, o 14.30, o 5."""
    return [
        rule(r"\b([Ww] )?godz\. ?" + _HOURS, _opening_hours),
        rule(
            r"(?<!\d )(?:\b([Oo] )?([Gg]odz\.|[Gg]odzin(?:a|ie|y)) )(\d{1,2})(?:[:.](\d\d))?"
            r"(?![\w:]|[.,]\d)",
            _time_with_noun,
        ),
        rule(
            rf"\b({_CLOCK_AFTER}) ([01]?\d|2[0-4])\.([0-5]\d)(?![.,]?\d)",
            r"\1 \2:\3",
        ),
        rule(
            r"(?:\b(\w+) )?\b([Oo]) ([01]?\d|2[0-4])"
            r"(?=[,;!?]|\.?$|\. | rano\b| wieczorem\b| w nocy| po połud)",
            _hour,
        ),
    ]


def clock_times() -> list[Rule]:
    """9:00-17:30, do 17:30, 1:23:45."""
    return [
        rule(
            r"(?<![\w:.,])(\d{1,2})[:.]([0-5]\d) ?(?:-|—) ?(\d{1,2})[:.]([0-5]\d)(?![\w:]|[.,]\d)",
            lambda m: f"od {m[1]}:{m[2]} do {m[3]}:{m[4]}",
        ),
        rule(rf"\b({_CLOCK_AFTER}) (\d{{1,2}}):(\d\d)(?![\w:])", _time_after),
        durations(_duration),
        clock(":", "", lambda hour, minute: _clock(hour, minute, "f")),
    ]


def _hour(match: re.Match[str]) -> str:
    before, preposition, hour = match.groups()
    if before and _CHANGES.match(before):
        return match[0]
    start = f"{before} " if before else ""
    return f"{start}{preposition} {_clock(int(hour), 0, 'gen f')}"


def _written_date(day: int, month: int, year: int) -> str:
    return f"{day} {MONTHS[month - 1]} {year if year > 99 else 2000 + year}"


def _date(match: re.Match[str]) -> str:
    before, day, month, year = match.groups()
    alone = not match.string[: match.start()].strip() and _ends(match)
    words = f"{ordinal(int(day), 'm' if before or alone else 'gen')} {month}"
    if year:
        words = f"{words} {ordinal(int(year), 'gen')} roku"
    stop = "." if match[0].endswith(".") and _ends(match) else ""
    return f"{before + ' ' if before else ''}{words}{stop}"


def _span_of_days(match: re.Match[str]) -> str:
    """5-7 maja -> od piątego do siódmego maja."""
    before, first, last, month = match.groups()
    start = f"{before} od" if before and before[-1] == "h" else before or "od"
    return f"{start} {ordinal(int(first), 'gen')} do {ordinal(int(last), 'gen')} {month}"


def _opening_hours(match: re.Match[str]) -> str:
    """W godz. 8-16 -> w godzinach od ósmej do szesnastej."""
    before, first, first_minute, last, last_minute = match.groups()
    noun = "godzinach" if before else "godziny"
    times = [(int(first), int(first_minute or 0)), (int(last), int(last_minute or 0))]
    start, end = (_clock(hour, minute, "gen f") for hour, minute in times)
    return f"{before or ''}{noun} od {start} do {end}"


def _ends(match: re.Match[str]) -> bool:
    return not any(character.isalnum() for character in match.string[match.end() :])


def _clock(hour: int, minute: int, form: str) -> str:
    """Return the time with the hour as a feminine ordinal: siedemnasta trzydzieści."""
    words = ordinal(hour, form) if hour else "zero"
    if not minute:
        return words if hour else "północ" if form == "f" else "północy"
    return f"{words} {'zero ' if minute < 10 else ''}{NUMBERS.cardinal(minute)}"


def _time_after(match: re.Match[str]) -> str:
    hour, minute = int(match[2]), int(match[3])
    return (
        f"{match[1]} {_clock(hour, minute, 'gen f')}" if hour <= 24 and minute <= 59 else match[0]
    )


def _time_with_noun(match: re.Match[str]) -> str:
    before, noun, hour, minute = match.groups()
    if int(hour) > 24 or int(minute or 0) > 59:
        return match[0]
    if noun.lower() == "godz.":
        noun = "godzinie" if before else "godzina"
    form = "f" if noun.lower() == "godzina" else "gen f"
    return f"{before or ''}{noun} {_clock(int(hour), int(minute or 0), form)}"


def _duration(hours: int, minutes: int, seconds: int) -> str:
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(NUMBERS.count(str(number), UNITS[unit]) for number, unit in parts)

"""Russian text normalization."""

import re

from tts.text.normalize import roman
from tts.text.normalize import shared_rules as shared
from tts.text.normalize.addresses import addresses
from tts.text.normalize.calendar import clock, dotted_times, durations, numeric_dates
from tts.text.normalize.fractions import fractions
from tts.text.normalize.ru_numbers import (
    NUMBERS,
    counted_nouns,
    genitive_numbers,
    ordinal,
    ordinals,
    romans,
    years,
)
from tts.text.normalize.ru_tables import (
    ABBREVIATIONS,
    ADDRESS,
    COINS,
    GENITIVE_AFTER,
    MONEY,
    MONTHS,
    SCALES,
    SHORT_MONTHS,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.slavic import (
    currencies,
    scales,
    slavic_prices_per,
    units_with_case,
)
from tts.text.normalize.telephone import telephone
from tts.text.normalize.versions import dotted_numbers, english_amounts

_MONTH = "|".join(MONTHS)
_DAY = "|".join(WEEKDAYS)
# words before a date in the nominative
_TODAY = "[Сс]егодня|[Зз]автра|[Вв]чера|[Дд]ата|[Ээ]то"
# what is read behind a price and a slash
_PER = {
    "": "за", "мес": "в месяц", "месяц": "в месяц", "чел": "с человека", "шт": "за штуку",
    "ч": "в час", "час": "в час", "день": "в день", "сутки": "в сутки", "год": "в год",
    "ночь": "за ночь", "кв. м": "за квадратный метр",
}  # fmt: skip
_HOUR_OF = "[Дд]о|[Оо]т|[Пп]осле|[Оо]коло|[Сс]"


def rules(language: str) -> list[Rule]:
    """Return the rules, the same for all regions."""
    return [
        addresses(ADDRESS),
        rule(
            rf"\b((?i:{_DAY}))\.? ?(?:-|—) ?((?i:{_DAY}))\b\.?",
            lambda m: f"{WEEKDAYS[m[1].lower()]} — {WEEKDAYS[m[2].lower()]}",
        ),
        rule(r"\b(пн|вт|чт|пт|сб)\.(?= [0-3]?\d(?:\.\d| [а-я]))", lambda m: WEEKDAYS[m[1]]),
        rule(rf"(?<=\d )({'|'.join(SHORT_MONTHS)})\.", lambda m: SHORT_MONTHS[m[1]]),
        *numeric_dates("./-", _written_date),
        rule(
            rf"(?<![\w.,-])([12]?\d|3[01])(?:-| ?— ?)([12]?\d|3[01]) ({_MONTH})\b",
            lambda m: f"{ordinal(int(m[1]), 'gen')} — {ordinal(int(m[2]), 'gen')} {m[3]}",
        ),
        rule(
            rf"(?:\b({_TODAY}):? )?(?<![\w.,])([12]?\d|3[01]) ({_MONTH})\b"
            r"(?: (\d{4})(?: (?:г\.|года\b))?)?",
            _date,
        ),
        *years(),
        rule(r"\b([Гг])л\. (?=[IVX]+\b)", r"\1лава "),
        rule(r"\b([Тт])\. (?=[IVX]+\b)", r"\1ом "),
        *romans(),
        rule(r"(?<=\b(?:[Нн]а|[Пп]о) )ул\.", "улице"),
        rule(r"(?<=\b[Сс] )ул\.|(?<=\b(?:[Оо]т|[Дд]о) )ул\.", "улицы"),
        rule(r"(?<=\b[Вв] )г\.(?= ?[А-ЯЁ])", "городе"),
        rule(r"(?<=\b(?:[Ии]з|[Оо]т|[Дд]о) )г\.(?= ?[А-ЯЁ])", "города"),
        rule(r"\b(д\. ?\d+[а-я]?)/(?=\d)", r"\1 дробь "),
        ABBREVIATIONS.expand,
        telephone(
            NUMBERS.digits,
            "плюс",
            "тел|телефон|факс|моб|номер телефона|звоните",
            r"8[ (-]{1,2}\d{3}[) -]{1,2}\d{3}[ -]?\d\d[ -]?\d\d",
        ),
        *ordinals(),
        roman.listed_numerals(NUMBERS),
        shared.spelled_letters(),
        shared.with_digits(
            lambda: [
                dotted_times("[Вв]|[Сс]|[Дд]о|[Кк]|[Пп]осле"),
                rule(
                    r"(?<![\w:.,])(\d{1,2})[:.]([0-5]\d) ?(?:-|—) ?(\d{1,2})[:.]([0-5]\d)"
                    r"(?![\w:]|[.,]\d)",
                    lambda m: f"с {m[1]}:{m[2]} до {m[3]}:{m[4]}",
                ),
                rule(rf"\b({_HOUR_OF}) (\d{{1,2}}):(\d\d)(?![\w:])", _time_in_genitive),
                durations(_duration),
                clock(":", "", _time),
                rule(r"(?<![\w:.,-])(\d{1,3}):(\d{1,6})(?![\w:]|[.,]\d)", _ratio),
                *english_amounts(),
                rule(
                    r"(?<![\w.,])(\d{1,9}),(\d\d) ?(?:руб\b|RUB\b)\.?",
                    lambda m: f"{m[1]} руб {int(m[2])} коп{_stop(m)}",
                ),
                slavic_prices_per(MONEY, UNITS, _PER),
                scales(NUMBERS, SCALES, MONEY),
                shared.money(NUMBERS, currencies(MONEY, COINS), "", "тысяч|миллион|миллиард"),
                shared.parts_of_units({unit: (noun.part,) * 2 for unit, noun in UNITS.items()}),
                *fractions(NUMBERS, _fraction, " целых ", ""),
                rule(r"\b(\w+) целых одна вторая\b", r"\1 с половиной"),
                rule(r"(?<![\w.,-])(\d{1,3})-(\d{1,3})(?= ?[а-яё%°€$])(?! ?-)", _span),
                shared.products("на"),
                units_with_case(NUMBERS, UNITS | MONEY, GENITIVE_AFTER),
                counted_nouns(GENITIVE_AFTER),
                genitive_numbers(GENITIVE_AFTER),
                dotted_numbers(NUMBERS, "точка"),
                shared.ranges("—"),
                shared.codes(NUMBERS),
                shared.plain_numbers(NUMBERS),
            ]
        ),
        rule(r"(?<=\bв )км/ч\b", "километрах в час"),
        shared.lone_units({unit: noun.many for unit, noun in UNITS.items()}),
        shared.slashes(),
        shared.symbols(SYMBOLS),
    ]


def _written_date(day: int, month: int, year: int) -> str:
    return (
        f"{day} {MONTHS[month - 1]} {year}"
        if year > 99
        else f"{day} {MONTHS[month - 1]} {2000 + year}"
    )


def _date(match: re.Match[str]) -> str:
    before, day, month, year = match.groups()
    alone = not match.string[: match.start()].strip() and not any(
        character.isalnum() for character in match.string[match.end() :]
    )
    words = f"{ordinal(int(day), 'n' if before or alone else 'gen')} {month}"
    if year:
        words = f"{words} {ordinal(int(year), 'gen')} года"
    return f"{before + ' ' if before else ''}{words}{_stop(match)}"


def _stop(match: re.Match[str]) -> str:
    """Keep the dot of an abbreviation at the end of the sentence."""
    ends = not any(character.isalnum() for character in match.string[match.end() :])
    return "." if match[0].endswith(".") and ends else ""


def _time(hour: int, minute: int) -> str:
    hours = NUMBERS.cardinal(hour)
    if not minute:
        return f"{hours} {NUMBERS.plural_form(str(hour), UNITS['ч'])}"
    return f"{hours} {'ноль ' if minute < 10 else ''}{NUMBERS.cardinal(minute)}"


def _time_in_genitive(match: re.Match[str]) -> str:
    hour, minute = int(match[2]), int(match[3])
    if hour > 24 or minute > 59:
        return match[0]
    words = NUMBERS.in_genitive(NUMBERS.cardinal(hour))
    if not minute:
        return f"{match[1]} {words} {'часа' if hour % 10 == 1 and hour != 11 else 'часов'}"
    minutes = NUMBERS.in_genitive(NUMBERS.cardinal(minute))
    return f"{match[1]} {words} {'ноль ' if minute < 10 else ''}{minutes}"


def _duration(hours: int, minutes: int, seconds: int) -> str:
    parts = ((hours, "ч"), (minutes, "мин"), (seconds, "с"))
    return " ".join(NUMBERS.count(str(number), UNITS[unit]) for number, unit in parts)


def _ratio(match: re.Match[str]) -> str:
    return f"{NUMBERS.integer(match[1])} к {NUMBERS.in_dative(NUMBERS.integer(match[2]))}"


def _span(match: re.Match[str]) -> str:
    """5-10 лет is read as one word; the second number keeps its digits for the noun."""
    if int(match[1]) >= int(match[2]):
        return match[0]
    return f"{NUMBERS.integer(match[1])} — {match[2]}"


def _fraction(numerator: int, denominator: int) -> str:
    """Return одна треть, три четверти, две пятых."""
    one, many = {3: ("треть", "трети"), 4: ("четверть", "четверти")}.get(
        denominator, (ordinal(denominator, "f"), ordinal(denominator, "gen pl"))
    )
    count = NUMBERS.agree(NUMBERS.cardinal(numerator), "f")
    return f"{count} {one if numerator == 1 else many}"

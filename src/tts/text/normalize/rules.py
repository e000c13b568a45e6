"""The rules that languages share: functions of the text, made from a language's own words."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tts.text.normalize.numbers import Numbers

Rule = Callable[[str], str]


class Currency(NamedTuple):
    one: str
    many: str
    cent: str
    cents: str


def rule(pattern: str, replace: Callable[[re.Match[str]], str] | str, flags: int = 0) -> Rule:
    """Every match of ``pattern`` replaced."""
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.sub(replace, text)


def abbreviations(table: Mapping[str, str]) -> Rule:
    """Whole words as written in ``table``, dots included."""
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        ends = match[0][-1] == "." and match.end() == len(match.string)
        return table[match[0]] + "." * ends

    return rule(rf"(?<![\w.])(?:{names})(?!\w)", spell)


def before_numbers(table: Mapping[str, str]) -> Rule:
    """Abbreviations that mean something only before a number: ``No. 5``."""
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))
    return rule(rf"(?<![\w.])({names}) ?(?=\d)", lambda match: f"{table[match[1]]} ")


def spelled_letters() -> Rule:
    """U.S.A. -> U S A, whose dots are no ends of sentences."""

    def spell(match: re.Match[str]) -> str:
        end = "." if match.end() == len(match.string) else match[0][-1].strip(".-")
        return " ".join(re.findall(r"\w", match[0])) + end

    return rule(r"(?<![\w.])(?:[^\W\d_]\.[ -]?){2,}(?!\w)", spell)


def units(numbers: Numbers, table: Mapping[str, tuple[str, str]]) -> Rule:
    """``5 km`` with (singular, plural) names; a slash between two units is in the table too."""
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        one, many = table[match[2]]
        return numbers.counted(match[1], one, many)

    return rule(rf"(?<![\w.,])({numbers.signed}) ?({names})(?![\w²³/])", spell)


def money(numbers: Numbers, table: Mapping[str, Currency], and_: str, scales: str) -> Rule:
    """``$3.50``, ``3,50 €``, ``€ 2 million``: the sign stands before or after the amount.

    ``scales``: a pattern of the words for millions and more. ``and_`` joins notes and coins.
    """
    signs = "|".join(re.escape(sign) for sign in sorted(table, key=len, reverse=True))
    amount = rf"({numbers.pattern})(?: ({scales})\b)?"

    def say(sign: str, written: str, scale: str | None, minus: str | None) -> str:
        currency = table[sign]
        prefix = f"{numbers.minus} " if minus else ""
        whole, mark, coins = _split_coins(written)
        if scale:
            return f"{prefix}{numbers.words(written)} {scale} {currency.many}"
        notes = prefix + numbers.counted(whole or "0", currency.one, currency.many)
        if not mark or not coins.strip("0"):
            return notes
        cents = numbers.counted(coins.lstrip("0"), currency.cent, currency.cents)
        return f"{notes} {and_}{cents}" if whole.strip("0") else prefix + cents

    before = re.compile(rf"([-−])?(?<!\w)({signs}) ?{amount}")
    after = re.compile(rf"(?<![\w.,])([-−])?{amount} ?({signs})(?!\w)")

    def spell(text: str) -> str:
        text = before.sub(lambda m: say(m[2], m[3], m[4], m[1]), text)
        return after.sub(lambda m: say(m[4], m[2], m[3], m[1]), text)

    return spell


def _split_coins(written: str) -> tuple[str, str, str]:
    """3.50 -> (3, ., 50); only two decimals are coins."""
    match = re.fullmatch(r"(.*)([.,])(\d\d)", written)
    return (match[1], match[2], match[3]) if match else (written, "", "")


def ranges(to: str) -> Rule:
    """``5-10`` -> ``5 to 10``, when it rises: other digits with hyphens are codes."""

    def spell(match: re.Match[str]) -> str:
        first, second = match.groups()
        rising = int(first) < int(second)
        if (len(first), len(second)) == (3, 4) and not first.endswith("0"):
            rising = False  # a telephone number
        return f"{match[1]} {to} {match[2]}" if rising else match[0]

    return rule(r"(?<![\w-])(\d{1,4})-(\d{1,4})(?![\w-])", spell)


def codes(numbers: Numbers) -> Rule:
    """Digits in groups with hyphens, as in a telephone number: one by one."""
    return rule(
        r"(?<!\w)\+?\d+(?:-\d+)+(?!\w)",
        lambda match: ", ".join(numbers.digits(part) for part in re.findall(r"\d+", match[0])),
    )


def plain_numbers(numbers: Numbers) -> Rule:
    """What numbers are left; letters that touch a number are set apart from it."""
    return rule(numbers.signed, lambda match: f" {numbers.words(match[0])} ")


def symbols(table: Mapping[str, str]) -> Rule:
    """Single marks as words."""
    marks = "".join(re.escape(mark) for mark in table)
    return rule(rf"[{marks}]", lambda match: f" {table[match[0]]} ")

"""Normalization rules that languages share, made from each language's tables of words."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tts.text.normalize.abbreviations import ends_text
from tts.text.normalize.numbers import Numbers

Rule = Callable[[str], str]


class Currency(NamedTuple):
    singular: str
    plural: str
    cent: str
    cents: str


def rule(pattern: str, replace: Callable[[re.Match[str]], str] | str, flags: int = 0) -> Rule:
    """Return a rule that replaces every match of ``pattern``."""
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.sub(replace, text)


def with_digits(make_rules: Callable[[], list[Rule]]) -> Rule:
    """Apply rules only to text that has a digit; they are made for the first such text."""
    has_digit = re.compile(r"\d").search
    rules = functools.cache(make_rules)  # many and slow to compile

    def apply(text: str) -> str:
        if has_digit(text):
            for each in rules():
                text = each(text)
        return text

    return apply


def spelled_letters() -> Rule:
    """U.S.A. -> U S A, and James T. Kirk -> James T Kirk; a dot at the end of the text stays."""

    def spell(match: re.Match[str]) -> str:
        if len(match[0]) < 4 and match[0][0].islower():
            return match[0]
        letters = " ".join(re.findall(r"[^\W_]", match[0]))
        if ends_text(match.string, match.end()):
            return letters + "."
        following = match.string[match.end() : match.end() + 1]
        return letters + " " * (match[0][-1] in " -" or following.isalnum())

    return rule(r"(?<![\w.'])(?:[^\W\d_]\.[ -]?)+(?!\w\.)|(?<=\w')(?:[^\W\d_]\.){2,}(?!\w)", spell)


def units(numbers: Numbers, table: Mapping[str, tuple[str, str]]) -> Rule:
    """``5 km`` -> five kilometers. ``table``: unit, such as ``km/h`` -> its singular and plural."""
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        singular, plural = table[match[2]]
        return numbers.with_noun(match[1], singular, plural)

    return rule(rf"(?<![\w.,])({numbers.signed}) ?({names})(?![\w²³/])", spell)


def lone_units(plurals: Mapping[str, str]) -> Rule:
    """``in km/h``: write out units with a slash that no number precedes."""
    names = "|".join(re.escape(name) for name in plurals if "/" in name)
    return rule(rf"(?<![\w/])({names})(?![\w²³/])", lambda m: plurals[m[1]])


def parts_of_units(table: Mapping[str, tuple[str, str]], of: str = "") -> Rule:
    """``1/2 kg``, ``2 1/2 kg``: write out the unit behind a fraction, as in :func:`units`.

    ``of``: what stands between 3/4 and its unit.
    """
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        whole, part, unit = match.groups()
        noun = table[unit][whole is not None]
        if whole or part in ("1/2", "1⁄2"):
            return f"{whole or ''}{part} {noun}"
        return f"{part} {of}{noun}"

    return rule(rf"(\d )?(\d[/⁄]\d) ?({names})(?![\w²³/])", spell)


def money(
    numbers: Numbers, table: Mapping[str, Currency], joiner: str, scales: str, of: str = ""
) -> Rule:
    """``$3.50``, ``3,50 €``, ``€ 2 million``: amounts with the sign before or after.

    ``joiner``: what stands between notes and coins. ``scales``: a pattern of words like "million".
    ``of``: what stands between a scale and the currency ("de " in Spanish).
    """
    signs = "|".join(re.escape(sign) for sign in sorted(table, key=len, reverse=True))
    amount = rf"({numbers.pattern})(?: ({scales})\b)?"

    def amount_in_words(sign: str, written: str, scale: str | None, minus: str | None) -> str:
        currency = table[sign]
        prefix = f"{numbers.minus} " if minus else ""
        integer, mark, coins = _split_coins(written)
        if scale:
            count = numbers.one(scale) if written == "1" else numbers.read(written)
            return f"{prefix}{count} {scale} {of}{currency.plural}"
        notes = prefix + numbers.with_noun(integer or "0", currency.singular, currency.plural)
        if not mark or not coins.strip("0"):
            return notes
        cents = numbers.with_noun(coins.lstrip("0"), currency.cent, currency.cents)
        return f"{notes} {joiner}{cents}" if integer.strip("0") else prefix + cents

    before = re.compile(rf"([-−])?(?<!\w)({signs}) ?{amount}")
    after = re.compile(rf"(?<![\w.,])([-−])?{amount} ?({signs})(?!\w)")

    def spell(text: str) -> str:
        text = before.sub(lambda m: amount_in_words(m[2], m[3], m[4], m[1]), text)
        return after.sub(lambda m: amount_in_words(m[4], m[2], m[3], m[1]), text)

    return spell


def _split_coins(written: str) -> tuple[str, str, str]:
    """3.50 -> (3, ., 50); only two decimals are coins, as 3.500 is a number."""
    match = re.fullmatch(r"(.*)([.,])(\d\d)", written)
    return (match[1], match[2], match[3]) if match else (written, "", "")


def ranges(to: str) -> Rule:
    """``5-10`` -> ``5 to 10`` if the second is larger; other digits with hyphens are codes."""

    def spell(match: re.Match[str]) -> str:
        first, second = match.groups()
        rising = int(first) < int(second)
        if (len(first), len(second)) == (4, 2) and re.match("1[1-9]|20", first):
            rising = int(first[2:]) < int(second)  # 1914-18
        if (len(first), len(second)) == (3, 4) and not first.endswith("0"):
            rising = False  # a telephone number
        return f"{match[1]} {to} {match[2]}" if rising else match[0]

    return rule(r"(?<![\w-])(\d{1,4})-(\d{1,4})(?![\w-])", spell)


def codes(numbers: Numbers) -> Rule:
    """Read groups of digits with hyphens, such as telephone numbers, digit by digit."""
    return rule(
        r"(?<!\w)\+?\d+(?:-\d+)+(?!\w)",
        lambda match: ", ".join(numbers.digits(part) for part in re.findall(r"\d+", match[0])),
    )


def products(by: str) -> Rule:
    """``3 x 4`` and ``4x4``: read the letter x between numbers as ``by``."""
    return rule(r"(?<=\d) ?[xXхХ] ?(?=\d)", f" {by} ")


def heights() -> Rule:
    """``1m75``: the unit stands before the centimeters, which stay a number."""
    return rule(r"(?<![\w.,])(\d)m(\d\d)(?!\w)", r"\1 m \2")


def slashes() -> Rule:
    """Do not read the slash between words: CDU/CSU, y/o."""
    return rule(r"(?<=[^\W\d_])/(?=[^\W\d_])", " ")


def plain_numbers(numbers: Numbers) -> Rule:
    """Read all other numbers; separate them from adjacent letters by spaces."""
    return rule(numbers.signed, lambda match: f" {numbers.read(match[0])} ")


def symbols(table: Mapping[str, str]) -> Rule:
    """Replace single symbols by words."""
    marks = "".join(re.escape(mark) for mark in table)
    return rule(rf"[{marks}]", lambda match: f" {table[match[0]]} ")

"""Fractions such as 1/3 and 2½, for every language, given its words for them."""

import re
from collections.abc import Callable

from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule

_DENOMINATORS = {*range(2, 11), 12, 15, 16, 20, 50, 100, 1000}


def fractions(
    numbers: Numbers, spell: Callable[[int, int], str], joiner: str, over: str
) -> list[Rule]:
    """Read 1/3 by ``spell(numerator, denominator)``, and 2 1/3 with ``joiner`` between the parts.

    ``over``: the word between the parts of all other pairs, such as 24/7 and 50/50; "" for a pause.
    """

    def is_common(numerator: int, denominator: int) -> bool:
        return 0 < numerator < denominator and denominator in _DENOMINATORS

    def mixed(match: re.Match[str]) -> str:
        whole, numerator, denominator = (int(part) for part in match.groups())
        if not is_common(numerator, denominator):
            return match[0]
        return f"{numbers.cardinal(whole)}{joiner}{spell(numerator, denominator)}"

    def single(match: re.Match[str]) -> str:
        numerator, denominator = int(match[1]), int(match[2])
        if is_common(numerator, denominator) and match[2][0] != "0":
            return spell(numerator, denominator)
        between = f" {over} " if over else " "
        return f"{numbers.integer(match[1])}{between}{numbers.integer(match[2])}"

    return [
        rule(r"(?<![\w.,/])(\d{1,3}) (\d{1,2})[/⁄](\d{1,4})(?![\w/]|[.,]\d)", mixed),
        rule(r"(?<![\w.,/])(\d{1,4})[/⁄](\d{1,4})(?![\w/]|[.,]\d)", single),
    ]

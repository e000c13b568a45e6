"""Roman numerals: the pattern of a well-formed one, its value, and a rule for numbered nouns."""

import re
from collections.abc import Callable

from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule

# needs a letter; rejects IIII, VX and the like
NUMERAL = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def value(numeral: str) -> int:
    """Return the value of a Roman numeral in capital letters."""
    digits = [_VALUES[letter] for letter in numeral]
    following = [*digits, 0][1:]
    return sum(-d if d < f else d for d, f in zip(digits, following, strict=True))


# up to 39: enough for rulers and centuries, and seldom a word
SMALL_NUMERAL = r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})"


def numbered_nouns(nouns: str, spell: Callable[[int], str]) -> Rule:
    """Read the numeral after one of ``nouns``, a pattern: chapter IV, siglos XVI y XVII."""

    def read(match: re.Match[str]) -> str:
        noun, first, joiner, second = match.groups()
        words = f"{noun} {spell(value(first))}"
        return f"{words}{joiner}{spell(value(second))}" if second else words

    end = r"(?![\w'’])(?!\. ?\d|\.\w)"
    return rule(
        rf"\b((?i:{nouns})) ({NUMERAL}){end}(?:( (?:[a-zà]{{1,3}}|—) |-)({NUMERAL}){end})?", read
    )


def listed_numerals(numbers: Numbers) -> Rule:
    """Read the number of a list at the start of a line: II. Methods."""
    return rule(
        rf"^((?=[IVX]{{2}}){SMALL_NUMERAL})\. ", lambda m: f"{numbers.cardinal(value(m[1]))}. "
    )

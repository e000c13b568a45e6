"""French numbers that depend on the words beside them: ordinals, genders, fractions."""

import re

from tts.text.normalize import roman
from tts.text.normalize.fr_tables import (
    FEMININE,
    FEMININE_ENDING,
    NOT_FEMININE,
    NOT_RULERS,
    NUMBERED_IN_ROMAN,
    RULERS,
)
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.romance import RomanceNumbers, rulers
from tts.text.normalize.shared_rules import Rule, rule

_QUEENS = {"Élisabeth", "Elisabeth", "Catherine", "Marie", "Victoria", "Isabelle"}


class FrenchNumbers(RomanceNumbers):
    """French of Belgium and Switzerland uses septante, nonante."""

    singular_below_two = True
    elided_of = "d'"

    def __init__(self, language: str):
        code = {"fr-be": "fr_BE", "fr-ch": "fr_CH"}.get(language, "fr")
        super().__init__(code, decimal=",", group=" .", point="virgule", minus="moins")

    def is_feminine(self, noun: str) -> bool:
        word = noun.lower()
        singular = word.removesuffix("s")
        if {word, singular} & NOT_FEMININE:
            return False
        if {word, singular} & FEMININE:
            return True
        return re.fullmatch(FEMININE_ENDING, singular) is not None

    def agree(self, words: str, feminine: bool, noun: str) -> str:
        return words + "e" if feminine and re.search(r"(?:^|[ -])un$", words) else words

    def to_words(self, number: int, kind: str) -> str:
        words = super().to_words(number, kind)
        if kind == "ordinal":  # quatre-vingtsième
            words = re.sub(r"(vingt|cent|million|milliard)sième$", r"\1ième", words)
        return words


def ordinals(numbers: FrenchNumbers) -> list[Rule]:
    """Le 1er, la 2e, François Ier, Louis XIV, le XIXe siècle."""

    def ordinal(written: str, suffix: str) -> str:
        number = int(written) if written.isdigit() else roman.value(written)
        if number == 1:
            return "première" if suffix.startswith(("r", "è")) else "premier"
        if suffix.startswith("n"):
            return "seconde" if "e" in suffix else "second"
        return numbers.ordinal(number)

    def spell(match: re.Match[str]) -> str:
        words = ordinal(match[1], match[2]) + "s" * match[2].endswith("s")
        if match[3] is None:
            return words
        ends = not match.string[match.end() :].strip(" \"')")
        return f"{words} siècle{'.' * ends}"

    def ruler(number: int, name: str) -> str:
        if number > 1:
            return numbers.cardinal(number)
        return "première" if name in _QUEENS else "premier"

    suffix = r"(ers?|res?|ères?|nde?s?|e|es|ème|èmes|ièmes?|è)"
    return [
        rule(rf"(?<![\w.,])(\d{{1,9}}|{roman.SMALL_NUMERAL}){suffix}\b( s\.(?! \w\.))?", spell),
        roman.numbered_nouns(f"(?:{NUMBERED_IN_ROMAN})s?", numbers.cardinal),
        rulers(ruler, RULERS, NOT_RULERS),
    ]


def fraction(numbers: Numbers, numerator: int, denominator: int) -> str:
    """Return un tiers, trois quarts, deux cinquièmes."""
    names = {2: "demi", 3: "tiers", 4: "quart"}
    name = names.get(denominator) or numbers.ordinal(denominator)
    plural = "s" if numerator > 1 and not name.endswith("s") else ""
    return f"{numbers.cardinal(numerator)} {name}{plural}"


def telephone_group(numbers: Numbers, group: str) -> str:
    """Read the digits of a telephone number in pairs, as is usual in France."""
    if len(group) < 4:
        return numbers.integer(group)
    pairs = [group[start : start + 2] for start in range(len(group) % 2, len(group), 2)]
    return ", ".join(numbers.integer(pair) for pair in [group[: len(group) % 2], *pairs] if pair)

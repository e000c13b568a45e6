"""Fallback normalization for languages without a file: integers and common marks as words.

espeak-ng reads the rest.
"""

from tts.text.normalize.addresses import addresses
from tts.text.normalize.fallback_tables import MARKS
from tts.text.normalize.numbers import Numbers, is_supported
from tts.text.normalize.shared_rules import Rule, rule, spelled_letters


def rules(language: str) -> list[Rule]:
    """Return rules for plain integers, minus signs, percent, degrees and addresses.

    Numbers with marks inside stay, because the decimal mark depends on the language, and so do
    numbers with a dot after them, which are ordinals in many languages.
    """
    return [*_marks(language), spelled_letters(), *_integers(language)]


def _marks(language: str) -> list[Rule]:
    words = MARKS.get(language.split("-")[0])
    if words is None:
        return []
    # Japanese has no spaces around a minus sign
    before = r"(?<![\d.,A-Za-z])" if language == "ja" else r"(?<![\w.,])"
    return [
        addresses({"@": words.at, ".": words.dot}),
        rule(rf"{before}[-−](?=[\d$£€])", f" {words.minus} "),
        rule(r"(?<=\d) ?° ?C(?![A-Za-z])", f" {words.degrees} {words.celsius} "),
        rule(r"(?<=\d) ?°", f" {words.degrees} "),
        _percent(language, words.percent),
    ]


def _percent(language: str, word: str) -> Rule:
    if language == "tr":  # yüzde elli
        return rule(r"(\d+(?:[.,]\d+)?) ?%|% ?(?=\d)", lambda m: f"{word} {m[1] or ''}")
    return rule(r"%", f" {word} ")


def _integers(language: str) -> list[Rule]:
    if language == "ja":  # num2words writes kanji, which espeak-ng cannot read
        return []
    region = language.replace("-", "_")
    regional = region[:3] + region[3:].upper()
    code = next((name for name in (regional, region.split("_")[0]) if is_supported(name)), None)
    if code is None:
        return []
    numbers = Numbers(code, decimal=".", group=",", point="", minus="")
    integer = r"(?<![\w.,:/-])\d+(?![\w.,:/%°-]*\d|\w|\. ?[^\W\d_A-Z])"
    return [rule(integer, lambda match: numbers.integer(match[0]))]

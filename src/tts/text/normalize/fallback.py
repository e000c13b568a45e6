"""Fallback normalization for languages without a file: integers as words, the rest by espeak-ng."""

from tts.text.normalize.numbers import Numbers, is_supported
from tts.text.normalize.shared_rules import Rule, rule, spelled_letters


def rules(language: str) -> list[Rule]:
    """Return rules for plain integers.

    Numbers with marks inside stay, because the decimal mark depends on the language, and so do
    numbers with a dot after them, which are ordinals in many languages.
    """
    region = language.replace("-", "_")
    regional = region[:3] + region[3:].upper()
    code = next((name for name in (regional, region.split("_")[0]) if is_supported(name)), None)
    if code is None:
        return [spelled_letters()]
    numbers = Numbers(code, decimal=".", group=",", point="", minus="")
    integer = r"(?<![\w.,:/-])\d+(?![\w.,:/%°-]*\d|\w|\. ?[^\W\d_A-Z])"
    return [spelled_letters(), rule(integer, lambda match: numbers.integer(match[0]))]

"""Languages without rules of their own: whole numbers as words; the rest espeak-ng reads itself."""

from tts.text.normalize.numbers import Numbers, has_words
from tts.text.normalize.rules import Rule, rule, spelled_letters


def rules(language: str) -> list[Rule]:
    """Numbers with marks inside stay: which mark parts decimals is the language's own matter, and
    a dot behind a number often makes it an ordinal."""
    region = language.replace("-", "_")
    code = region[:3] + region[3:].upper()
    known = next((name for name in (code, region.split("_")[0]) if has_words(name)), None)
    if known is None:
        return [spelled_letters()]
    numbers = Numbers(known, decimal=".", group=",", point="", minus="")
    whole = r"(?<![\w.,:/-])\d+(?![\w.,:/%°-]*\d|\w|\. ?[^\W\d_A-Z])"
    return [spelled_letters(), rule(whole, lambda match: numbers.whole(match[0]))]

"""Prices written with a slash or a letter: 100 €/month, 2.5 M€."""

import re
from collections.abc import Mapping

from tts.text.normalize.shared_rules import Rule, rule


def prices_per(word: str, units: Mapping[str, str]) -> Rule:
    """``100 €/mes``, ``5 €/kg``: write the slash behind a currency as ``word``.

    ``units``: how a unit is read behind it.
    """

    def spell(match: re.Match[str]) -> str:
        return f"{match[1]} {word} {units.get(match[2], match[2])}"

    return rule(r"([€$£¥]|\b(?:EUR|USD|CHF)) ?/ ?([^\W\d_][\w²³]*\b)(?:\.(?= [^\W\dA-Z_]))?", spell)


def scaled_signs(scales: Mapping[str, str]) -> Rule:
    """``2,5 M€`` -> 2,5 millions €; ``scales``: the word of each letter."""
    letters = "|".join(map(re.escape, sorted(scales, key=len, reverse=True)))
    return rule(rf"(?<=\d) ?({letters}) ?(?=[€$£¥])", lambda m: f" {scales[m[1]]} ")

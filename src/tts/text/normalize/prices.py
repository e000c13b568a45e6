"""Prices written with a slash or a letter: 100 €/month, 2.5 M€."""

import re
from collections.abc import Mapping

from tts.text.normalize.abbreviations import ends_text
from tts.text.normalize.shared_rules import Rule, rule


def prices_per(word: str, units: Mapping[str, str]) -> Rule:
    """``100 €/mes``, ``5 €/kg``: write the slash behind a currency as ``word``.

    ``units``: how a unit is read behind it.
    """

    def spell(match: re.Match[str]) -> str:
        return f"{match[1]} {word} {units.get(match[2], match[2])}"

    names = "|".join(
        re.escape(name) for name in sorted(units, key=len, reverse=True) if name[0] > "9"
    )
    money = rule(
        r"([€$£¥] ?\d[\d.,]*|[€$£¥]|\b(?:EUR|USD|CHF|[Ee]uros?)|(?<=\d)[€$£¥]? ?(?:h|kg|g|l))"
        r" ?/ ?([^\W\d_][\w²³]*(?<![\d])(?!\w))(?:\.(?= [^\W\dA-Z_]))?",
        spell,
    )
    # habitants/km²
    counted = rule(rf"([^\W\d_]{{3}})\.? ?/ ?({names})(?![\w²³/])", spell)
    return lambda text: counted(money(text))


def scaled_signs(scales: Mapping[str, str]) -> Rule:
    """``2,5 M€`` -> 2,5 millions €; ``scales``: the word of each letter."""
    letters = "|".join(map(re.escape, sorted(scales, key=len, reverse=True)))
    behind = rule(rf"(?<=\d) ?({letters}) ?(?=[€$£¥])", lambda m: f" {scales[m[1]]} ")
    before = rule(
        rf"([€$£¥] ?\d[\d.,]*) ?({letters})(?!\w)\.?(?!\.)",
        lambda m: (
            f"{m[1]} {scales[m[2]]}{'.' * (m[0][-1] == '.' and ends_text(m.string, m.end()))}"
        ),
    )
    return lambda text: before(behind(text))

"""Numbers with dots in languages with a decimal comma: version numbers, English decimals."""

from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule


def english_amounts() -> list[Rule]:
    """$3.50 -> $3,50."""
    return [
        rule(
            r"([$£€¥] ?\d{1,3}(?:,\d{3})+)\.(\d\d)(?!\d)",
            lambda m: f"{m[1].replace(',', '')},{m[2]}",
        ),
        rule(r"([$£€¥] ?\d{1,9})\.(\d\d)(?![\d.,]?\d)", r"\1,\2"),
        rule(r"(?<![\d.,])(\d{1,9})\.(\d\d)(?= ?[$£€¥])", r"\1,\2"),
    ]


def dotted_numbers(numbers: Numbers, dot: str) -> Rule:
    """Read 3.5 and version 3.11.2 with the word ``dot``; groups of three digits stay: 1.000."""
    return rule(
        r"(?<![\w.,-])(?!\d{1,3}(?:\.\d{3})+(?!\d))\d+(?:\.\d+)+(?![\w-]|[.,]\d)",
        lambda match: f" {dot} ".join(numbers.integer(part) for part in match[0].split(".")),
    )

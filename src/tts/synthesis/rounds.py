"""Rounds that a model of masked codes used, as text."""

from collections.abc import Sequence


def rounds_text(passes: Sequence[int]) -> str:
    """Return the rounds of sentences, those of all codebooks together: "12 to 15 rounds"."""
    few, many = min(passes), max(passes)
    return f"{few if few == many else f'{few} to {many}'} rounds"

"""Table of symbols, where a symbol of several characters has one character that stands for it.

Strings of symbols have one character a symbol, so that durations, timings and markup can count
them. A symbol of one character stands for itself; one of several, such as a subword, is written as
a character of Unicode's supplementary private use area, by its place in the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from tts.text.symbols import SILENT

_PRIVATE = 0xF0000  # first character of the area
MOST = 65_534  # characters of the area, and so symbols
JOINT = "·"  # between the symbols of a word, where people read them


class SymbolTable:
    """Symbols with their ids, their characters and the spelling of words in them.

    ``symbols``: index = id. Those of several characters are joined in their order, as byte-pair
    encoding does (:mod:`tts.text.subwords`).
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = tuple(symbols)
        self._codes = tuple(
            symbol if len(symbol) == 1 else chr(_PRIVATE + index)
            for index, symbol in enumerate(self.symbols)
        )
        self._id = {code: index for index, code in enumerate(self._codes)}
        self._ranks = {s: index for index, s in enumerate(self.symbols) if len(s) > 1}

    def __contains__(self, code: str) -> bool:
        return code in self._id

    def ids(self, codes: str) -> tuple[int, ...]:
        """Return the index of each symbol; those that the table does not have are left out."""
        return tuple(self._id[code] for code in codes if code in self._id)

    def codes(self, ids: Iterable[int]) -> str:
        """Return the symbols of ids, one character each."""
        return "".join(self._codes[index] for index in ids)

    def coded(self, text: str) -> str:
        """Return characters with each run that is a symbol as one character.

        Characters that are not in the table, and those that stand for symbols already, stay.
        """
        if not self._ranks:
            return text
        return "".join(
            "".join(characters) if silent else self._spelled(characters)
            for silent, characters in groupby(text, SILENT.__contains__)
        )

    def shown(self, codes: Iterable[str]) -> tuple[str, ...]:
        """Return each symbol as it is in the table; others stay."""
        return tuple(self.symbols[self._id[code]] if code in self._id else code for code in codes)

    def written(self, codes: str) -> str:
        """Return symbols as people read them, with a dot between those of a word."""
        if not self._ranks:
            return codes
        return "".join(
            ("" if silent else JOINT).join(self.shown(group))
            for silent, group in groupby(codes, SILENT.__contains__)
        )

    def read(self, written: str) -> str:
        """Return the symbols of :meth:`written`."""
        if not self._ranks:
            return written
        return "".join(
            "".join(group) if silent else "".join(map(self._code, "".join(group).split(JOINT)))
            for silent, group in groupby(written, SILENT.__contains__)
        )

    def _code(self, symbol: str) -> str:
        return self._codes[self._ranks[symbol]] if symbol in self._ranks else symbol

    def _spelled(self, characters: Iterable[str]) -> str:
        return "".join(map(self._code, join_pieces(list(characters), self._ranks)))


def join_pieces(pieces: Sequence[str], ranks: Mapping[str, int]) -> list[str]:
    """Join neighbors that make a piece of ``ranks``, the lowest rank first, until none do."""
    found = list(pieces)
    while candidates := [a + b for a, b in pairwise(found) if a + b in ranks]:
        piece = min(candidates, key=ranks.__getitem__)
        joined: list[str] = []
        for each in found:
            if joined and joined[-1] + each == piece:
                joined[-1] = piece
            else:
                joined.append(each)
        found = joined
    return found

"""Subwords as symbols: byte-pair encoding of words (Sennrich et al. 2016, section 3.2).

The most frequent pair of neighboring symbols becomes a symbol, again and again. A table that is
learned further has the smaller one as its beginning, so a larger ``vocab_size`` never gives more
symbols for a text.
"""

import heapq
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby, pairwise

from tts.bounds import TableSize
from tts.errors import UserError
from tts.text.characters import BASE, Characters
from tts.text.symbol_table import join_pieces
from tts.text.symbols import SILENT

log = logging.getLogger(__name__)
_LEAST = 2  # occurrences of a pair that becomes a symbol
_KEY = "frontend.phonemizer.vocab_size"


class Subwords(Characters):
    """Characters of a normalized text, and the pieces of words that a corpus often repeats.

    ``vocab_size``: the most characters and pieces in the table, punctuation not counted. All
    characters of the corpus are in it.
    """

    def __init__(self, vocab_size: TableSize = 500) -> None:
        super().__init__(vocab_size)
        self._most = vocab_size

    def learned_symbols(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the table: padding, boundary, punctuation, characters, pieces by frequency.

        Of a corpus without texts it has no characters. Raises UserError where the corpus has more
        characters than ``vocab_size``.
        """
        words = Counter(
            "".join(word)
            for text in texts
            for silent, word in groupby(text, SILENT.__contains__)
            if not silent
        )
        characters = sorted(set().union(*words))
        if len(characters) > self._most:
            raise UserError(
                f"{_KEY}={self._most}: the corpus has {len(characters):,} characters, and the "
                f"table needs all of them: set it to more than {len(characters)}, or choose "
                "frontend=characters, which can leave out the rarest"
            )
        pieces = learn_pieces(words, self._most - len(characters))
        if words and len(characters) + len(pieces) < self._most:
            log.info(
                "%s=%s: a corpus of %s different words repeats no other pieces; the table has %s "
                "characters and %s pieces",
                _KEY, self._most, f"{len(words):,}", len(characters), len(pieces),
            )  # fmt: skip
        return (*BASE, *characters, *pieces)


def learn_pieces(words: Mapping[str, int], most: int) -> list[str]:
    """Return at most ``most`` pieces of ``words`` with their counts, in the order of joining.

    Of equally frequent ones the first in Unicode comes first.
    """
    corpus = sorted(words.items())
    spelled = [list(word) for word, _ in corpus]
    totals: Counter[str] = Counter()
    places: dict[str, set[int]] = {}  # words that have had this pair

    def count(number: int, sign: int) -> list[str]:
        pairs = [left + right for left, right in pairwise(spelled[number])]
        for pair in pairs:
            totals[pair] += sign * corpus[number][1]
            places.setdefault(pair, set()).add(number)
        return pairs

    for number in range(len(corpus)):
        count(number, 1)
    queue = [(-total, pair) for pair, total in totals.items()]
    heapq.heapify(queue)
    ranks: dict[str, int] = {}
    while queue and len(ranks) < most:
        negative, pair = heapq.heappop(queue)
        if -negative != totals[pair]:
            continue  # counted anew since, and in the queue with its new count
        if -negative < _LEAST:
            break
        ranks[pair] = len(ranks)
        changed: set[str] = set()
        for number in places.pop(pair):
            changed.update(count(number, -1))
            spelled[number] = join_pieces(spelled[number], ranks)
            changed.update(count(number, 1))
        for other in changed:
            heapq.heappush(queue, (-totals[other], other))
    return list(ranks)

"""Which symbols of a phonemized sentence belong to which of its words.

A phonemizer merges words ("of the" is one group of symbols in American English) and splits others,
so the boundaries in its output are not those of the words. Here the phones of each word alone are
aligned with those of the sentence.
"""

from collections.abc import Callable
from itertools import groupby

from tts.text.symbols import LENGTH, MODIFIERS, PUNCTUATION, SILENT, STRESS, VOWELS

_AFTER = frozenset(LENGTH + MODIFIERS)  # part of the phone before them
_BEFORE = frozenset(STRESS)  # part of the phone after them
OTHER_VOWEL = 0.4  # cost of one vowel in place of another; reduced vowels are common


def words_of(normalized: str) -> list[str]:
    """Return the words of a normalized text, without marks around them."""
    stripped = (
        word.strip(PUNCTUATION + "'’-") if any(c.isalnum() for c in word) else ""
        for word in normalized.split()
    )
    return [word for word in stripped if word]


def word_spans(
    words: list[str], phonemes: str, phonemize: Callable[[str], str]
) -> list[tuple[int, int]]:
    """Return for each word where its symbols begin and end in ``phonemes``.

    Spans are in order and do not overlap; a word that is not spoken has an empty one.
    ``phonemize``: of one word alone.
    """
    phones = [number for number, symbol in enumerate(phonemes) if _is_phone(symbol)]
    groups = [
        [number for number, _ in group]
        for silent, group in groupby(enumerate(phonemes), lambda pair: pair[1] in SILENT)
        if not silent
    ]
    if len(groups) == len(words):
        return [(group[0], group[-1] + 1) for group in groups]
    alone = [(phone, n) for n, word in enumerate(words) for phone in phonemize(word)]
    spoken = [(phone, number) for phone, number in alone if _is_phone(phone)]
    found = _aligned([phone for phone, _ in spoken], [phonemes[number] for number in phones])
    owners = [spoken[place][1] if spoken else 0 for place in found]
    _keep_groups_apart(owners, phones, groups)
    return _spans(owners, phones, phonemes, len(words))


def phone_spans(phonemes: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where each phone begins and ends, with its stress, length and modifiers."""
    spans: list[tuple[int, int]] = []
    begin = None
    for number in range(start, end):
        symbol = phonemes[number]
        if symbol in _BEFORE:
            begin = number if begin is None else begin
        elif symbol in _AFTER and spans:
            spans[-1] = (spans[-1][0], number + 1)
        elif symbol not in SILENT:
            spans.append((number if begin is None else begin, number + 1))
            begin = None
    return spans


def _is_phone(symbol: str) -> bool:
    return symbol not in SILENT and symbol not in _AFTER and symbol not in _BEFORE


def _aligned(alone: list[str], together: list[str]) -> list[int]:
    """Return for each phone of ``together`` the index in ``alone`` that it comes from."""
    costs = [[float(column) for column in range(len(together) + 1)]]
    for row, ours in enumerate(alone, 1):
        above, line = costs[-1], [float(row)]
        for column, theirs in enumerate(together, 1):
            changed = above[column - 1] + _difference(ours, theirs)
            line.append(min(changed, above[column] + 1, line[-1] + 1))
        costs.append(line)
    row, column = len(alone), len(together)
    found = [0] * column
    while column:
        here = costs[row][column]
        changed = row and costs[row - 1][column - 1] + _difference(
            alone[row - 1], together[column - 1]
        )
        if row and here == changed:
            row, column = row - 1, column - 1
            found[column] = row
        elif row and here == costs[row - 1][column] + 1:
            row -= 1
        else:  # a phone that no word has alone: a linking sound, of the word before it
            column -= 1
            found[column] = max(row - 1, 0)
    return found


def _difference(ours: str, theirs: str) -> float:
    if ours == theirs:
        return 0.0
    return OTHER_VOWEL if ours in VOWELS and theirs in VOWELS else 1.0


def _keep_groups_apart(owners: list[int], phones: list[int], groups: list[list[int]]) -> None:
    """Give a word that reaches over a boundary to the group with more of it, in place.

    A group that would have no word left keeps its part: the word is spoken as several groups.
    """
    group_of = {number: n for n, group in enumerate(groups) for number in group}
    for before in range(len(groups) - 1):
        first = [i for i, number in enumerate(phones) if group_of[number] == before]
        second = [i for i, number in enumerate(phones) if group_of[number] == before + 1]
        if not first or not second or owners[first[-1]] != owners[second[0]]:
            continue
        shared = owners[first[-1]]
        left = [i for i in first if owners[i] == shared]
        right = [i for i in second if owners[i] == shared]
        if len(left) >= len(right) and len(right) < len(second):
            for i in right:
                owners[i] = owners[second[len(right)]]
        elif len(right) > len(left) and len(left) < len(first):
            for i in left:
                owners[i] = owners[first[-len(left) - 1]]


def _spans(
    owners: list[int], phones: list[int], phonemes: str, count: int
) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    end = 0
    for word in range(count):
        own = [number for number, owner in zip(phones, owners, strict=True) if owner == word]
        if own:
            start, end = own[0], own[-1] + 1
            while start > 0 and phonemes[start - 1] in _BEFORE:
                start -= 1
            while end < len(phonemes) and phonemes[end] in _AFTER:
                end += 1
            spans.append((start, end))
        else:
            spans.append((end, end))
    return spans

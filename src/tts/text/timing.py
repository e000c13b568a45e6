"""When each symbol sounds, from the times that espeak-ng gives its phones."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from tts.text.errors import TextError
from tts.text.espeak import Phone
from tts.text.symbols import BOUNDARY, MODIFIERS, PUNCTUATION, STRESS, to_symbols

# What a symbol without a sound of its own holds at least, in seconds: just over one frame of the
# default mel contract (11.6 ms), so that it always owns a frame.
SHARE = 0.012

_SILENT = frozenset(BOUNDARY + PUNCTUATION)
_MARKS = frozenset(STRESS + MODIFIERS)
_EVENT_BYTES = 8  # espeak-ng cuts longer phone names in its events


class _Stretch(NamedTuple):
    symbols: tuple[str, ...]
    silent: bool
    start: float  # it ends where the next one starts


def symbol_ends(
    groups: Sequence[Sequence[str]], phones: Sequence[Phone], seconds: float
) -> tuple[float, ...]:
    """End of each symbol in seconds; ``groups`` of symbols, one per phone, boundary or mark.

    Phones keep espeak-ng's own times to the sample. Inside a phone its letters and length marks
    share equally, after each stress mark, diacritic or tie bar took SHARE. A pause belongs to the
    punctuation and boundaries that stand there, in equal parts. Where espeak-ng makes no pause
    between words, the boundary takes SHARE around the joint, half from either side. A phone that
    espeak-ng sounds as the ending of the vowel before it (the l of "fall") has no time of its own;
    the two share the vowel's.

    Raises TextError when the phones are not those of the groups.
    """
    _require_same(groups, phones)
    stretches = _stretches(groups, phones)
    edges = [*_make_room(stretches, seconds), seconds]
    ends: list[float] = []
    for stretch, start, end in zip(stretches, edges[:-1], edges[1:], strict=True):
        ends += _shared(stretch.symbols, start, end)
    return (*ends[:-1], seconds)


def _require_same(groups: Sequence[Sequence[str]], phones: Sequence[Phone]) -> None:
    wanted = ["".join(group) for group in groups if not _SILENT.issuperset(group)]
    heard = [phone.name for phone in phones if phone.name]
    if len(wanted) != len(heard) or not all(map(_same, wanted, heard)):
        raise TextError(
            f"espeak-ng speaks {' '.join(heard)!r} where the phonemes are {' '.join(wanted)!r}: "
            "no timings for this sentence"
        )


def _same(phone: str, heard: str) -> bool:
    cut = len(heard.encode()) >= _EVENT_BYTES - 1
    return phone == to_symbols(heard) or (cut and phone.startswith(to_symbols(heard)))


def _stretches(groups: Sequence[Sequence[str]], phones: Sequence[Phone]) -> list[_Stretch]:
    """Sounding and silent stretches in turn, each of one phone or one pause, with their symbols."""
    stretches: list[_Stretch] = []
    upcoming = (phone for phone in phones if phone.name)
    end = 0.0  # of the last phone
    for group in map(tuple, groups):
        last = stretches[-1] if stretches else None
        if _SILENT.issuperset(group):
            joins, start, silent = last is not None and last.silent, end, True
        else:
            _, start, end = next(upcoming)
            joins, silent = last is not None and not last.silent and start == end, False
        if last and joins:
            stretches[-1] = last._replace(symbols=last.symbols + group)
        else:
            stretches.append(_Stretch(group, silent, start))
    return stretches


def _make_room(stretches: list[_Stretch], seconds: float) -> list[float]:
    """Starts of the stretches, the silent ones widened to hold SHARE for each symbol.

    They take at most a quarter of a neighbor on either side.
    """
    exact = [*(stretch.start for stretch in stretches), seconds]
    starts = list(exact)
    for k, stretch in enumerate(stretches):
        lack = SHARE * len(stretch.symbols) - (exact[k + 1] - exact[k])
        if not stretch.silent or lack <= 0:
            continue
        if k > 0:
            starts[k] -= min(lack / 2, (exact[k] - exact[k - 1]) / 4)
        if k + 2 < len(exact):
            starts[k + 1] += min(lack / 2, (exact[k + 2] - exact[k + 1]) / 4)
    return starts[:-1]


def _shared(symbols: tuple[str, ...], start: float, end: float) -> list[float]:
    marks = sum(symbol in _MARKS for symbol in symbols)
    letters = len(symbols) - marks
    equal = (end - start) / len(symbols)
    mark = min(SHARE, equal) if letters else equal
    letter = (end - start - marks * mark) / max(letters, 1)
    return list(
        itertools.accumulate((mark if s in _MARKS else letter for s in symbols), initial=start)
    )[1:]

"""Symbol timings: end of each symbol, from espeak-ng's phone timings."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from tts.text.errors import TextError
from tts.text.espeak import Phone
from tts.text.symbols import BOUNDARY, MODIFIERS, PUNCTUATION, STRESS, to_symbols

# Seconds of a symbol without a sound of its own: just over one frame of the default mel contract
# (11.6 ms), so that every symbol has a frame.
MIN_SECONDS = 0.012

_SILENT = frozenset(BOUNDARY + PUNCTUATION)
_MARKS = frozenset(STRESS + MODIFIERS)
_EVENT_BYTES = 8  # espeak-ng truncates longer phone names in its events


class _Segment(NamedTuple):
    symbols: tuple[str, ...]
    silent: bool
    start: float  # seconds; it ends where the next one starts


def symbol_ends(
    groups: Sequence[Sequence[str]], phones: Sequence[Phone], seconds: float
) -> tuple[float, ...]:
    """Return the end of each symbol in seconds; a group is one phone, boundary or mark.

    Phones keep espeak-ng's times. Inside a phone every stress mark, diacritic or tie bar gets
    MIN_SECONDS, letters and length marks get equal parts of the rest. Punctuation and boundaries at
    a pause get equal parts of it. A boundary without a pause gets MIN_SECONDS, half from either
    side. A phone that espeak-ng renders as the end of the vowel before it (the l of "fall") has no
    time of its own; both get equal parts of the vowel's.

    Raises TextError if the phones differ from the groups.
    """
    _require_same(groups, phones)
    segments = _to_segments(groups, phones)
    edges = [*_widen_silence(segments, seconds), seconds]
    ends: list[float] = []
    for segment, start, end in zip(segments, edges[:-1], edges[1:], strict=True):
        ends += _ends_within(segment.symbols, start, end)
    return (*ends[:-1], seconds)


def _require_same(groups: Sequence[Sequence[str]], phones: Sequence[Phone]) -> None:
    expected = ["".join(group) for group in groups if not _SILENT.issuperset(group)]
    found = [phone.name for phone in phones if phone.name]
    if len(expected) != len(found) or not all(map(_same, expected, found)):
        raise TextError(
            f"espeak-ng's timed phones {' '.join(found)!r} differ from the phonemes "
            f"{' '.join(expected)!r}: this sentence has no timings"
        )


def _same(phone: str, event: str) -> bool:
    truncated = len(event.encode()) >= _EVENT_BYTES - 1
    return phone == to_symbols(event) or (truncated and phone.startswith(to_symbols(event)))


def _to_segments(groups: Sequence[Sequence[str]], phones: Sequence[Phone]) -> list[_Segment]:
    """Group symbols into alternating segments, each of one phone or one pause."""
    segments: list[_Segment] = []
    upcoming = (phone for phone in phones if phone.name)
    end = 0.0  # of the last phone
    for group in map(tuple, groups):
        last = segments[-1] if segments else None
        if _SILENT.issuperset(group):
            joins, start, silent = last is not None and last.silent, end, True
        else:
            _, start, end = next(upcoming)
            joins, silent = last is not None and not last.silent and start == end, False
        if last and joins:
            segments[-1] = last._replace(symbols=last.symbols + group)
        else:
            segments.append(_Segment(group, silent, start))
    return segments


def _widen_silence(segments: list[_Segment], seconds: float) -> list[float]:
    """Return the starts of the segments, silent ones widened to MIN_SECONDS per symbol.

    They take at most a quarter of the neighbor on either side.
    """
    exact = [*(segment.start for segment in segments), seconds]
    starts = list(exact)
    for k, segment in enumerate(segments):
        missing = MIN_SECONDS * len(segment.symbols) - (exact[k + 1] - exact[k])
        if not segment.silent or missing <= 0:
            continue
        if k > 0:
            starts[k] -= min(missing / 2, (exact[k] - exact[k - 1]) / 4)
        if k + 2 < len(exact):
            starts[k + 1] += min(missing / 2, (exact[k + 2] - exact[k + 1]) / 4)
    return starts[:-1]


def _ends_within(symbols: tuple[str, ...], start: float, end: float) -> list[float]:
    marks = sum(symbol in _MARKS for symbol in symbols)
    letters = len(symbols) - marks
    equal = (end - start) / len(symbols)
    mark = min(MIN_SECONDS, equal) if letters else equal
    letter = (end - start - marks * mark) / max(letters, 1)
    return list(
        itertools.accumulate((mark if s in _MARKS else letter for s in symbols), initial=start)
    )[1:]

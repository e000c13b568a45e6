"""Phonemes of a marked-up sentence: what each span contributes, with phonemes in place of words.

The whole sentence is read at once, because words depend on their neighbors, and the symbols of each
word are found in it. So prosody never changes the phonemes. Where the symbols of a span cannot be
told from its neighbors' (a span of a part of a word, languages without spaces), spans are read one
by one.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from tts.text.frontend import Frontend, FrontendOutput, Words
from tts.text.spans import Prosody, Span, joined
from tts.text.symbols import BOUNDARY, SILENT, STRESS, VOWELS
from tts.text.word_spans import word_spans

_UNIT = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NO_SPACE_BEFORE = re.compile(r"\s*[.,!?;:…)]")
PRIMARY, SECONDARY = STRESS[0], STRESS[1]


class Reading(NamedTuple):
    """A sentence of N symbols."""

    output: FrontendOutput
    prosody: tuple[Prosody, ...] = ()  # (N,)
    pronounced: tuple[tuple[str, str], ...] = ()  # words with phonemes of their own


class _Symbol(NamedTuple):
    symbol: str
    owner: int  # number of its span; -1: between spans


class _Unit(NamedTuple):
    """A word of a normalized sentence."""

    word: str
    start: int  # in the sentence
    end: int


def read_text(frontend: Frontend, text: str, language: str) -> FrontendOutput:
    """Return the output of the front end for a text without markup, with its lexicon applied.

    Raises TextError as the front end does.
    """
    spans = frontend.lexicon.apply([Span(text)], language)
    if len(spans) < 2:
        return frontend(text, language)
    frontend.require_readable(text)
    return read_spans(frontend, joined(spans), language).output


def read_spans(frontend: Frontend, spans: Sequence[Span], language: str) -> Reading:
    """Return the phonemes of a sentence's spans, and the prosody of each symbol.

    Raises TextError as the front end does.
    """
    text = "".join(span.text for span in spans)
    words = frontend.words(text, language)
    found = _jointly(frontend, spans, words, language) or _one_by_one(frontend, spans, language)
    symbols, missing, normalized = found
    symbols = [_Symbol(BOUNDARY, -1), *_stripped(symbols), _Symbol(BOUNDARY, -1)]
    shown = "".join(span.shown for span in spans)
    output = frontend.output(
        shown,
        words._replace(normalized=normalized),
        "".join(one.symbol for one in symbols),
        missing,
        language,
    )
    pronounced = tuple(
        (word, phonemes)
        for span in spans
        if span.phonemes is not None
        for word, phonemes in _pronounced(frontend, span, language)
    )
    return Reading(output, _prosody(symbols, spans), pronounced)


_Found = tuple[list[_Symbol], tuple[str, ...], str]  # symbols, missing phones, normalized text


def _jointly(
    frontend: Frontend, spans: Sequence[Span], words: Words, language: str
) -> _Found | None:
    """Read the sentence at once; None where the symbols of a span cannot be found."""
    if any(
        before.text[-1:].isalnum() and after.text[:1].isalnum() for before, after in pairwise(spans)
    ):
        return None
    units = [_Unit(m[0], m.start(), m.end()) for m in _UNIT.finditer(words.normalized)]
    owners = _owners([unit.word for unit in units], frontend, spans, language)
    phones, missing = frontend.phones(words.normalized, language)
    places = word_spans(
        [unit.word for unit in units], phones, lambda word: frontend.phones(word, language)[0]
    )
    symbols = [_Symbol(symbol, -1) for symbol in phones]
    for owner, (start, end) in zip(owners, places, strict=True):
        symbols[start:end] = [one._replace(owner=owner) for one in symbols[start:end]]
    edits = []
    normalized = words.normalized
    for number in reversed(range(len(spans))):
        own = [k for k, owner in enumerate(owners) if owner == number]
        phonemes = spans[number].phonemes
        if phonemes is None:
            edits += [
                (*places[k], _stressed(symbols[slice(*places[k])]))
                for k in reversed(own)
                if spans[number].prosody.stressed
            ]
            continue
        spoken = [places[k] for k in own if places[k][0] < places[k][1]]
        if not spoken or own != list(range(own[0], own[-1] + 1)):
            return None
        start, end = spoken[0][0], spoken[-1][1]
        if not (_is_edge(phones, start - 1) and _is_edge(phones, end)):
            return None
        edits.append((start, end, [_Symbol(symbol, number) for symbol in phonemes]))
        if spans[number].stands_in:
            normalized = (
                normalized[: units[own[0]].start] + phonemes + normalized[units[own[-1]].end :]
            )
    for start, end, replaced in edits:  # from the last to the first
        symbols[start:end] = replaced
    return symbols, missing, normalized


def _is_edge(phones: str, place: int) -> bool:
    return not 0 <= place < len(phones) or phones[place] in SILENT


def _owners(
    together: list[str], frontend: Frontend, spans: Sequence[Span], language: str
) -> list[int]:
    """Return which span each word of a normalized sentence comes from."""
    alone = [
        (word, number)
        for number, span in enumerate(spans)
        for word in _UNIT.findall(frontend.words(span.text, language).normalized)
    ]
    owners = [-1] * len(together)
    matcher = SequenceMatcher(None, [word for word, _ in alone], together, autojunk=False)
    for _, first, last, start, end in matcher.get_opcodes():
        if not alone:
            continue
        for k in range(start, end):  # words that differ are shared out in order
            place = first + (k - start) * (last - first) // (end - start)
            owners[k] = alone[min(place, len(alone) - 1)][1]
    return owners


def _one_by_one(frontend: Frontend, spans: Sequence[Span], language: str) -> _Found:
    symbols: list[_Symbol] = []
    missing: dict[str, None] = {}
    written = []
    before = ""
    for number, span in enumerate(spans):
        normalized = frontend.words(span.text, language).normalized
        phones, unknown = frontend.phones(normalized, language)
        if span.phonemes is not None:
            phones, unknown, normalized = span.phonemes, (), span.phonemes
        missing |= dict.fromkeys(unknown)
        if phones := phones.strip(BOUNDARY):
            inside = before[-1:].isalnum() and span.text[:1].isalnum()
            if symbols and not inside and not _NO_SPACE_BEFORE.match(span.text):
                symbols.append(_Symbol(BOUNDARY, -1))
            own = [_Symbol(symbol, number) for symbol in phones]
            symbols += _stressed(own) if span.prosody.stressed and span.phonemes is None else own
        written.append(normalized)
        before = span.text
    return symbols, tuple(missing), " ".join(filter(None, written))


def _stressed(symbols: list[_Symbol]) -> list[_Symbol]:
    """Give a word a primary stress: in place of a secondary one, or before its first vowel."""
    spelled = "".join(one.symbol for one in symbols)
    vowels = [k for k, symbol in enumerate(spelled) if symbol in VOWELS]
    if PRIMARY in spelled or not vowels:
        return symbols
    if SECONDARY in spelled:
        place = spelled.index(SECONDARY)
        return [*symbols[:place], symbols[place]._replace(symbol=PRIMARY), *symbols[place + 1 :]]
    place = vowels[0]
    return [*symbols[:place], symbols[place]._replace(symbol=PRIMARY), *symbols[place:]]


def _stripped(symbols: list[_Symbol]) -> list[_Symbol]:
    start, end = 0, len(symbols)
    while start < end and symbols[start].symbol == BOUNDARY:
        start += 1
    while start < end and symbols[end - 1].symbol == BOUNDARY:
        end -= 1
    return symbols[start:end]


def _prosody(symbols: Sequence[_Symbol], spans: Sequence[Span]) -> tuple[Prosody, ...]:
    """Return the prosody of each symbol; between spans, what both have in common."""
    owners = [one.owner for one in symbols]
    before, last = [], 0
    for owner in owners:
        last = owner if owner >= 0 else last
        before.append(last)
    after, upcoming = [], len(spans) - 1
    for owner in reversed(owners):
        upcoming = owner if owner >= 0 else upcoming
        after.append(upcoming)
    return tuple(
        spans[first].prosody.common(spans[second].prosody)
        for first, second in zip(before, reversed(after), strict=True)
    )


def _pronounced(frontend: Frontend, span: Span, language: str) -> list[tuple[str, str]]:
    assert span.phonemes is not None
    if span.stands_in:
        return [(word, word) for word in span.phonemes.split(BOUNDARY)]
    words = _UNIT.findall(frontend.words(span.text, language).normalized)
    parts = span.phonemes.split(BOUNDARY)
    if len(parts) == len(words):
        return list(zip(words, parts, strict=True))
    return [(words[0], span.phonemes), *((word, "") for word in words[1:])] if words else []

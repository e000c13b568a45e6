"""Phonemes of a marked-up sentence: what each span contributes, with phonemes in place of words.

The whole sentence is read at once, because words depend on their neighbors, and the symbols of each
word are found in it. So prosody never changes the phonemes. Where the symbols of a span cannot be
told from its neighbors' (a span of a part of a word, languages without spaces), spans are read one
by one.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from typing import NamedTuple

from tts.text.code_switching import switched
from tts.text.frontend import Frontend, FrontendOutput, Words
from tts.text.spans import Prosody, Span, joined
from tts.text.symbols import BOUNDARY, SILENT, STRESS, VOWELS
from tts.text.word_spans import word_spans

_UNIT = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CLOSING = frozenset(".,!?;:…)")
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
    spans = switched(spans, language, frontend.scripts(language))
    if len(spans) < 2:
        return frontend(text, language)
    frontend.require_readable(text)
    return read_spans(frontend, joined(spans), language).output


def read_spans(frontend: Frontend, spans: Sequence[Span], language: str) -> Reading:
    """Return the phonemes of a sentence's spans, and the prosody of each symbol.

    Raises TextError as the front end does.
    """
    parts = [_read_part(frontend, part, language) for part in _by_language(spans)]
    symbols, missing, normalized = _together(parts)
    words = Words(
        normalized,
        tuple(dict.fromkeys(each for part in parts for each in part.words.dropped)),
        tuple(dict.fromkeys(each for part in parts for each in part.words.foreign)),
    )
    symbols = [_Symbol(BOUNDARY, -1), *_stripped(symbols), _Symbol(BOUNDARY, -1)]
    shown = "".join(span.shown for span in spans)
    output = frontend.output(
        shown,
        words,
        "".join(one.symbol for one in symbols),
        missing,
        language,
    )
    pronounced = tuple(
        pair
        for part in parts
        for pair in (
            *_words_with_phones(part),
            *(
                each
                for span in part.spans
                if span.phonemes is not None
                for each in _pronounced(frontend, span, part.language or language)
            ),
        )
    )
    return Reading(output, _prosody(symbols, spans), pronounced)


_Found = tuple[list[_Symbol], tuple[str, ...], str]  # symbols, missing phones, normalized text


class _Part(NamedTuple):
    """Neighboring spans of one language, and how they are read."""

    spans: Sequence[Span]
    first: int  # number of its first span in the sentence
    language: str | None  # None: the sentence's
    words: Words
    found: _Found


def _by_language(spans: Sequence[Span]) -> list[tuple[int, list[Span]]]:
    """Return neighboring spans of one language together, with the number of the first of them."""
    groups = groupby(enumerate(spans), lambda pair: pair[1].language)
    return [(own[0][0], [span for _, span in own]) for own in (list(group) for _, group in groups)]


def _read_part(frontend: Frontend, part: tuple[int, list[Span]], language: str) -> _Part:
    first, spans = part
    own = spans[0].language
    code = own or language
    words = frontend.words("".join(span.text for span in spans), code)
    found = _jointly(frontend, spans, words, code) or _one_by_one(frontend, spans, code)
    return _Part(spans, first, own, words, found)


def _together(parts: Sequence[_Part]) -> _Found:
    """Return the symbols of all parts, with a word boundary between two of them."""
    symbols: list[_Symbol] = []
    missing: dict[str, None] = {}
    written = before = ""
    for part in parts:
        own, unknown, normalized = part.found
        own = _stripped(own) if len(parts) > 1 else own
        missing |= dict.fromkeys(unknown)
        apart = _is_apart(before, part.spans[0].text)
        if own:
            if symbols and apart and own[0].symbol not in _CLOSING:
                symbols.append(_Symbol(BOUNDARY, -1))
            symbols += [
                one._replace(owner=one.owner + part.first * (one.owner >= 0)) for one in own
            ]
        spaced = apart and written and not _NO_SPACE_BEFORE.match(normalized)
        written += f" {normalized}" if spaced else normalized
        before = part.spans[-1].text
    return symbols, tuple(missing), written


def _is_apart(before: str, after: str) -> bool:
    """Return whether a space or an edge of words stands between two pieces of text."""
    touching = before[-1:].isalnum() and after[:1].isalnum()
    return touching or before[-1:].isspace() or after[:1].isspace()


def _words_with_phones(part: _Part) -> list[tuple[str, str]]:
    """Return the words of a part in another language, where each has phones of its own."""
    if part.language is None:
        return []
    words = _UNIT.findall(part.found[2])
    phones = "".join(one.symbol for one in part.found[0])
    groups = [
        "".join(group) for silent, group in groupby(phones, SILENT.__contains__) if not silent
    ]
    return list(zip(words, groups, strict=True)) if len(words) == len(groups) else []


def _jointly(
    frontend: Frontend, spans: Sequence[Span], words: Words, language: str
) -> _Found | None:
    """Read the sentence at once; None where the symbols of a span cannot be found."""
    missing: dict[str, None] = {}
    if any(
        before.text[-1:].isalnum() and after.text[:1].isalnum() for before, after in pairwise(spans)
    ):
        return None
    units = [_Unit(m[0], m.start(), m.end()) for m in _UNIT.finditer(words.normalized)]
    owners = _owners([unit.word for unit in units], frontend, spans, language)
    phones, unknown = frontend.phones(words.normalized, language)
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
                if spans[number].prosody.stressed and PRIMARY in frontend.table
            ]
            continue
        spoken = [places[k] for k in own if places[k][0] < places[k][1]]
        if not spoken or own != list(range(own[0], own[-1] + 1)):
            return None
        start, end = spoken[0][0], spoken[-1][1]
        if not (_is_edge(phones, start - 1) and _is_edge(phones, end)):
            return None
        given, left_out = frontend.known(phonemes)
        missing |= dict.fromkeys(left_out)
        edits.append((start, end, [_Symbol(symbol, number) for symbol in given]))
        if spans[number].stands_in:
            normalized = (
                normalized[: units[own[0]].start] + phonemes + normalized[units[own[-1]].end :]
            )
    for start, end, replaced in edits:  # from the last to the first
        symbols[start:end] = replaced
    return symbols, tuple(dict.fromkeys((*unknown, *missing))), normalized


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
            phones, unknown = frontend.known(span.phonemes)
            normalized = span.phonemes
        missing |= dict.fromkeys(unknown)
        if phones := phones.strip(BOUNDARY):
            inside = before[-1:].isalnum() and span.text[:1].isalnum()
            if symbols and not inside and not _NO_SPACE_BEFORE.match(span.text):
                symbols.append(_Symbol(BOUNDARY, -1))
            own = [_Symbol(symbol, number) for symbol in phones]
            stressed = span.prosody.stressed and PRIMARY in frontend.table
            symbols += _stressed(own) if stressed and span.phonemes is None else own
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

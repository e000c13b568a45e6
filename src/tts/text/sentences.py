"""Sentence splitting: long text to sentences that fit a model, with the pauses between them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tts.text.errors import TextError
from tts.text.lines import split_lines
from tts.text.normalize import abbreviations
from tts.text.normalize.sentence_ends import sentences

MAX_CHARACTERS = 300  # about 20 s of speech; models are trained on shorter utterances

_PARAGRAPH_PAUSE, _SENTENCE_PAUSE, _LINE_PAUSE = 0.8, 0.4, 0.25  # s
_LINE_MARKS = ",;:—–-"  # a line that ends with one goes on in the next
_CUTS = (  # marks at which a long sentence can be cut, best first; pause in seconds
    (re.compile(r"[;:—–](?=\s)|[；：]"), 0.25),
    (re.compile(r"[,)](?=\s(?!\d))|[，、،]"), 0.15),
    (re.compile(r"(?<![\d.])\s(?!%)"), 0.0),  # not between a number and its unit
    (re.compile(r"\s"), 0.0),
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*|[\f\u2029]+|\r\r|\r\n\s*\r\n")
_WORD = re.compile(r"[^\W_]")


class Sentence(NamedTuple):
    text: str
    pause: float  # seconds of silence after it; 0 for the last sentence


def split_sentences(
    text: str, language: str, max_characters: int = MAX_CHARACTERS
) -> list[Sentence]:
    """Split ``text`` into sentences of at most ``max_characters`` characters; none are lost.

    A longer sentence is cut at a semicolon, a comma or a space. Blank lines separate paragraphs;
    other line ends end a sentence, unless they only wrap a paragraph. Raises TextError for blank
    text.
    """
    if not text.strip():
        raise TextError("the text is empty: write at least one word")
    found: list[Sentence] = []
    for paragraph in _PARAGRAPH.split(text):
        for line in split_lines(paragraph):
            pieces = [
                piece
                for start, end in sentences(line, abbreviations(language), language)
                for piece in _bounded(line, start, end, max_characters)
            ]
            if pieces[-1].pause and line[-1] in _LINE_MARKS:
                pieces[-1] = pieces[-1]._replace(pause=_LINE_PAUSE)
            for piece in pieces:
                _append(found, piece, max_characters)
        if found:
            found[-1] = found[-1]._replace(pause=_PARAGRAPH_PAUSE)
    found[-1] = found[-1]._replace(pause=0.0)
    return found


def _append(found: list[Sentence], piece: Sentence, max_characters: int) -> None:
    """Append a piece, or join it to the previous sentence if it has no words (``***``)."""
    text = " ".join(piece.text.split())
    if not text:
        return
    last = found[-1].text if found else ""
    if last and not _WORD.search(text) and len(last) + len(text) < max_characters:
        found[-1] = Sentence(f"{last} {text}", found[-1].pause)
    else:
        found.append(Sentence(text, piece.pause))


def _bounded(text: str, start: int, end: int, max_characters: int) -> Iterator[Sentence]:
    """Yield a sentence, cut into parts if it is too long."""
    while end - start > max_characters:
        cut, pause = _best_cut(text, start, start + max_characters)
        yield Sentence(text[start:cut], pause)
        start = cut
    yield Sentence(text[start:end], _SENTENCE_PAUSE)


def _best_cut(text: str, start: int, end: int) -> tuple[int, float]:
    """Return the last cut at the best mark that leaves a third or more, else ``end``; its pause."""
    for mark, pause in _CUTS:
        cuts = [match.end() for match in mark.finditer(text, start, end)]
        if cuts and cuts[-1] - start > (end - start) // 3:
            return cuts[-1], pause
    return end, 0.0

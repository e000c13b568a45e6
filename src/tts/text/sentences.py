"""Long text cut into pieces that a model can speak in one breath, with the pauses between them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tts.text.errors import TextError
from tts.text.normalize import abbreviations

LONGEST = 300  # characters, about 20 s of speech: longer than what models learn from

_PARAGRAPH_PAUSE, _SENTENCE_PAUSE = 0.8, 0.4  # s
_CUTS = (  # inside a long sentence: where, and the pause there
    (re.compile(r"[;:—–](?=\s)|[；：]"), 0.25),
    (re.compile(r"[,)](?=\s)|[，、،]"), 0.15),
    (re.compile(r"\s"), 0.0),
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*|[\f\u2029]+")
_END = re.compile(r"""(?<![.!?…])[.!?…]+["'”’»)\]]*(?=\s)|[。！？؟۔।።]+[”’」』»]*""")
_WORD = re.compile(r"[^\W_]")
_LAST_WORD = re.compile(r"[^\s(\"'“‘]+$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_ORDINAL = re.compile(r"\d{1,2}")
# languages where a dot behind a number makes it an ordinal: "3. Mai"
_ORDINAL_DOT = frozenset(
    ["cs", "da", "de", "et", "fi", "hr", "hu", "is", "lb", "lv", "nb", "no", "pl", "sk", "sl", "sr"]
)


class Sentence(NamedTuple):
    text: str
    pause: float  # seconds of silence after it; 0 after the last


def split_sentences(text: str, language: str, longest: int = LONGEST) -> list[Sentence]:
    """All of ``text``, in order, in sentences of at most ``longest`` characters.

    A sentence that is longer is cut at a semicolon, a comma or a space. Blank lines part
    paragraphs, other line ends are spaces. Raises TextError for blank text.
    """
    if not text.strip():
        raise TextError("the text is empty: write at least one word")
    found: list[Sentence] = []
    for paragraph in _PARAGRAPH.split(text):
        pieces = [
            piece
            for start, end in _sentences(paragraph, language)
            for piece in _bounded(paragraph, start, end, longest)
        ]
        for piece in pieces:
            _append(found, piece, longest)
        if found:
            found[-1] = found[-1]._replace(pause=_PARAGRAPH_PAUSE)
    found[-1] = found[-1]._replace(pause=0.0)
    return found


def _append(found: list[Sentence], piece: Sentence, longest: int) -> None:
    """A piece without words, a row of asterisks, say, goes to the sentence before it."""
    text = " ".join(piece.text.split())
    if not text:
        return
    last = found[-1].text if found else ""
    if last and not _WORD.search(text) and len(last) + len(text) < longest:
        found[-1] = Sentence(f"{last} {text}", found[-1].pause)
    else:
        found.append(Sentence(text, piece.pause))


def _sentences(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence; each holds a word."""
    start = 0
    word = _WORD.search(text)
    for match in _END.finditer(text):
        if word and word.start() < match.start() and _ends(text, start, match, language):
            yield start, match.end()
            start = match.end()
            word = _WORD.search(text, start)
    yield start, len(text)


def _ends(text: str, start: int, match: re.Match[str], language: str) -> bool:
    """Whether a dot or other mark ends the sentence that began at ``start``."""
    following = text[match.end() : match.end() + 40].lstrip("\"'“‘«([¿¡ \t\n")[:1]
    if following.islower():
        return False
    if match[0] != ".":
        return True
    word = _LAST_WORD.search(text, max(start, match.start() - 20), match.start())
    if word is None:
        return True
    if word[0] + "." in abbreviations(language):
        return False
    if following.isdigit() and word[0].isalpha() and len(word[0]) <= 4:
        return False  # No. 5, Jan. 5
    if following.isalpha() and _ORDINAL.fullmatch(word[0]):
        return language.split("-")[0] not in _ORDINAL_DOT
    initial = len(word[0]) == 1 and word[0].isupper() and word[0] != "I"
    return not (initial or _DOTTED.fullmatch(word[0]))


def _bounded(text: str, start: int, end: int, longest: int) -> Iterator[Sentence]:
    """One sentence, in parts if it is too long, cut where a reader would pause."""
    while end - start > longest:
        cut, pause = _best_cut(text, start, start + longest)
        yield Sentence(text[start:cut], pause)
        start = cut
    yield Sentence(text[start:end], _SENTENCE_PAUSE)


def _best_cut(text: str, start: int, end: int) -> tuple[int, float]:
    """The last of the strongest marks, unless it leaves a mere scrap; else ``end``."""
    for mark, pause in _CUTS:
        cuts = [match.end() for match in mark.finditer(text, start, end)]
        if cuts and cuts[-1] - start > (end - start) // 3:
            return cuts[-1], pause
    return end, 0.0

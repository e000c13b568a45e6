"""Analysis of a text for speaking: its sentences as tokens, and the pieces that are skipped."""

from typing import NamedTuple

from tts.text.errors import UnreadableTextError
from tts.text.frontend import Frontend
from tts.text.symbols import BOUNDARY, PUNCTUATION

_CLOSING = '")'
_ENDING = frozenset(PUNCTUATION) - frozenset('…"()¿¡')


class AnalyzedSentence(NamedTuple):
    """A sentence as a model speaks it; without tokens where nothing in it can be spoken."""

    text: str
    normalized: str
    phonemes: str  # N symbols, one character each
    tokens: tuple[int, ...]  # (N,)
    pause: float  # seconds of silence that follow
    unknown: tuple[str, ...]  # characters and phones that were left out
    skipped: str = ""  # why the sentence is not spoken


def analyze(frontend: Frontend, text: str, language: str) -> list[AnalyzedSentence]:
    """Split ``text`` and return its sentences, as every synthesis uses them.

    A piece without words or in a script of another language is returned without tokens, with the
    reason. Raises TextError if that is all, and for an unknown language.
    """
    found: list[AnalyzedSentence] = []
    first_error: UnreadableTextError | None = None
    for sentence, pause in frontend.sentences(text, language):
        try:
            output = frontend(sentence, language)
        except UnreadableTextError as error:
            first_error = first_error or error
            found.append(AnalyzedSentence(sentence, "", "", (), pause, error.left_out, str(error)))
            continue
        phonemes = with_stop(output.phonemes)
        tokens = frontend.tokens(phonemes)
        found.append(
            AnalyzedSentence(sentence, output.normalized, phonemes, tokens, pause, output.unknown)
        )
    if first_error is not None and not any(sentence.tokens for sentence in found):
        raise first_error
    return _without_skipped_pauses(found)


def _without_skipped_pauses(sentences: list[AnalyzedSentence]) -> list[AnalyzedSentence]:
    """Move the pause of a skipped piece to the sentence before it; the last has none."""
    moved = 0.0
    found: list[AnalyzedSentence] = []
    is_last = True
    for sentence in reversed(sentences):
        if sentence.tokens:
            found.append(sentence._replace(pause=0.0 if is_last else max(sentence.pause, moved)))
            moved, is_last = 0.0, False
        else:
            moved = max(moved, sentence.pause)
            found.append(sentence._replace(pause=0.0))
    return found[::-1]


def with_stop(phonemes: str) -> str:
    """Return phonemes that end in a mark, a full stop if they had none.

    Models learn to end at a stop; without one, and after three dots, the last sound is cut off at
    full voice. A comma or the like at the end stays: the sentence goes on in the next piece.
    """
    last = phonemes.rstrip(BOUNDARY + _CLOSING)[-1:]
    if last in _ENDING:
        return phonemes
    return f"{phonemes.rstrip(BOUNDARY)}.{BOUNDARY}"

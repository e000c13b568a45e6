"""The text front end: a string in, token ids out, with everything left out on the way named."""

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from tts.text.clean import clean
from tts.text.errors import TextError
from tts.text.normalize import VERSION, normalize
from tts.text.phonemes import EspeakPhonemizer, Phonemizer
from tts.text.scripts import describe, keep_readable
from tts.text.sentences import LONGEST, Sentence, split_sentences
from tts.text.symbols import BOUNDARY, PADDING, PUNCTUATION, SYMBOLS

__all__ = ["Frontend", "Sentence", "TextError", "Utterance"]

_SILENT = frozenset(PADDING + BOUNDARY + PUNCTUATION)


class Utterance(NamedTuple):
    """One text on its way to a model; N symbols."""

    text: str
    normalized: str
    phonemes: str  # N characters, each a symbol; starts and ends with the word boundary
    tokens: tuple[int, ...]  # N, index of each symbol
    unknown: tuple[str, ...]  # characters and phones left out, each once: nothing else was lost


class Frontend:
    """Cleans, normalizes and phonemizes text; picklable, deterministic, about 2,000 sentences/s.

    ``phonemizer`` is espeak-ng unless another is handed in. ``symbols`` is the table the ids point
    into: a checkpoint's own, which may be older and shorter than today's.
    """

    def __init__(
        self,
        phonemizer: Phonemizer | None = None,
        *,
        max_characters: int = 5000,
        symbols: Sequence[str] = SYMBOLS,
    ):
        self.phonemizer: Phonemizer = phonemizer or EspeakPhonemizer()
        self.max_characters = max_characters
        self.symbols = tuple(symbols)
        self._id = {symbol: index for index, symbol in enumerate(self.symbols)}

    def __call__(
        self, text: str, language: str = "en-us", *, normalized: str | None = None
    ) -> Utterance:
        """``normalized``: the text as a corpus spells it out, taken instead of our own rules.

        Raises TextError when the text is too long or holds nothing to speak, or for a language
        that the phonemizer does not know.
        """
        self._require_length(text)
        cleaned, dropped = clean(text if normalized is None else normalized)
        spelled = normalize(cleaned, language) if normalized is None else cleaned
        readable, foreign = keep_readable(spelled, language)
        normalized = " ".join(readable.split())
        phones = self.phonemizer(normalized, language)
        spoken, missing = self._keep_known(phones)
        if not any(symbol not in _SILENT for symbol in spoken):
            raise TextError(_nothing_to_speak(text, language, dropped, foreign))
        phonemes = BOUNDARY + spoken.strip(BOUNDARY) + BOUNDARY
        tokens = tuple(self._id[symbol] for symbol in phonemes)
        return Utterance(text, normalized, phonemes, tokens, (*dropped, *foreign, *missing))

    def sentences(self, text: str, language: str = "en-us") -> list[Sentence]:
        """Text of any length as sentences short enough to speak, each with the pause after it.

        Raises TextError for blank text; what else cannot be spoken shows when it is spoken.
        """
        return split_sentences(text, language, min(LONGEST, self.max_characters))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        kind = type(self.phonemizer)
        return {
            "phonemizer": f"{kind.__module__}.{kind.__qualname__}",
            "max_characters": self.max_characters,
            "rules": VERSION,
            "symbols": list(self.symbols),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], phonemizer: Phonemizer | None = None) -> "Frontend":
        """Rebuild. A phonemizer from outside this package is to be handed in: a checkpoint names
        classes, but may not make Python import just any."""
        if phonemizer is None:
            module, _, name = values["phonemizer"].rpartition(".")
            if not module.startswith("tts.text."):
                raise TextError(
                    f"this checkpoint was made with the phonemizer {values['phonemizer']}; "
                    f"hand it in: 'phonemizer={{_target_: {values['phonemizer']}}}', in Python "
                    "Synthesizer.load(..., phonemizer=...)"
                )
            phonemizer = getattr(importlib.import_module(module), name)()
        return cls(
            phonemizer, max_characters=values["max_characters"], symbols=tuple(values["symbols"])
        )

    def _require_length(self, text: str) -> None:
        if len(text) > self.max_characters:
            raise TextError(
                f"the text {text[:40]!r}... has {len(text):,} characters, more than "
                f"max_characters={self.max_characters:,} of one utterance: split it into sentences"
            )

    def _keep_known(self, phones: str) -> tuple[str, tuple[str, ...]]:
        missing = dict.fromkeys(p for p in phones if p not in self._id or p == PADDING)
        if missing:
            phones = "".join(symbol for symbol in phones if symbol not in missing)
        return phones, tuple(missing)


def _nothing_to_speak(
    text: str, language: str, dropped: tuple[str, ...], foreign: tuple[str, ...]
) -> str:
    shown = repr(text if len(text) <= 60 else text[:60] + "…")
    if not text.strip():
        return f"the text {shown} is empty: write at least one word"
    if foreign:
        return (
            f"nothing in the text {shown} can be spoken as language={language}: "
            f"it is written in {describe(foreign[0])}"
        )
    if any(character.isalpha() for character in text):
        return (
            f"nothing in the text {shown} can be spoken: language={language} has no sounds for it"
        )
    left = f" (left out: {' '.join(map(ascii, dropped[:8]))})" if dropped else ""
    return f"nothing in the text {shown} can be spoken: it holds no letter and no digit{left}"

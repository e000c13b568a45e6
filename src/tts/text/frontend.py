"""Text front end: clean, normalize and phonemize a string into token ids."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from typing import Any, NamedTuple

from tts.bounds import Count
from tts.errors import UserError
from tts.parts import PHONEMIZERS
from tts.plain_data import PlainData, PlainDataError, quoted
from tts.text.clean import clean, spellings_of
from tts.text.errors import TextError, UnreadableTextError, shortened
from tts.text.lexicon import Lexicon
from tts.text.markup import require_no_markup
from tts.text.normalize import VERSION, normalize
from tts.text.phonemes import EspeakPhonemizer, Phonemizer, ScriptReader, SymbolLearner
from tts.text.scripts import describe, keep_readable, scripts_of
from tts.text.sentences import MAX_CHARACTERS, Sentence, split_sentences
from tts.text.symbol_table import MOST, SymbolTable
from tts.text.symbols import BOUNDARY, PADDING, SILENT, SYMBOLS
from tts.trust import TrustError, locate
from tts.typed_data import conform

__all__ = ["Frontend", "FrontendOutput", "Sentence", "TextError"]

_TYPES: dict[str, Any] = {"phonemizer": str, "max_characters": int, "symbols": tuple[str, ...]}


class FrontendOutput(NamedTuple):
    """A text and its N tokens."""

    text: str
    normalized: str
    phonemes: str  # N symbols, one character each (SymbolTable); first and last are boundaries
    tokens: tuple[int, ...]  # (N,) index of each symbol
    unknown: tuple[str, ...]  # all characters and phones that were left out, each once


class Words(NamedTuple):
    """A text written out in words."""

    normalized: str
    dropped: tuple[str, ...]  # characters that are not read, each once
    foreign: tuple[str, ...]  # letters of other scripts than the language's


class Frontend:
    """Turn text into tokens; picklable and deterministic, about 2,000 sentences per second.

    ``phonemizer``: None for espeak-ng. ``max_characters``: longest text of one call. ``symbols``:
    the table that ids index, of a checkpoint, which can be older and shorter than the current one.
    ``lexicon``: a file of pronunciations, which :mod:`tts.text.reading` applies.
    """

    def __init__(
        self,
        phonemizer: Phonemizer | None = None,
        *,
        max_characters: Count = 5000,
        symbols: Sequence[str] = SYMBOLS,
        lexicon: str | None = None,
    ):
        self.phonemizer: Phonemizer = phonemizer or EspeakPhonemizer()
        self.max_characters = max_characters
        self.table = SymbolTable(symbols)
        self.lexicon = Lexicon({}) if lexicon is None else Lexicon.read(lexicon)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The table of symbols; index = token id."""
        return self.table.symbols

    def __call__(
        self, text: str, language: str = "en-us", *, normalized: str | None = None
    ) -> FrontendOutput:
        """Return the tokens of ``text``; ``normalized``: a corpus's normalization, used instead.

        Raises TextError if the text is too long or holds tags, if nothing of it can be synthesized
        (UnreadableTextError), or if the phonemizer does not support the language.
        """
        self.require_readable(text)
        words = self.words(text, language, normalized)
        known, missing = self.phones(words.normalized, language)
        return self.output(text, words, known, missing, language)

    def require_readable(self, text: str) -> None:
        """Raise TextError for a text that is too long or holds tags."""
        self._require_length(text)
        require_no_markup(text)

    def words(self, text: str, language: str, normalized: str | None = None) -> Words:
        """Return ``text`` written out in words, without the letters its language cannot read."""
        cleaned, dropped = clean(text if normalized is None else normalized)
        words = normalize(cleaned, language) if normalized is None else cleaned
        readable, foreign = keep_readable(words, self.scripts(language))
        return Words(" ".join(readable.split()), dropped, foreign)

    def scripts(self, language: str) -> frozenset[str] | None:
        """Return the scripts that a language is read in; None: every one."""
        phonemizer = self.phonemizer
        if isinstance(phonemizer, ScriptReader):
            return phonemizer.scripts(language)
        return scripts_of(language)

    def phones(self, normalized: str, language: str) -> tuple[str, tuple[str, ...]]:
        """Return the symbols of words, and the phones that the table does not have, each once."""
        return self.known(_phonemized(self.phonemizer, normalized, language))

    def known(self, phones: str) -> tuple[str, tuple[str, ...]]:
        """Return phones as symbols of the table, and those that it does not have, each once."""
        missing = dict.fromkeys(p for p in phones if p not in self.table or p == PADDING)
        if missing:
            phones = "".join(symbol for symbol in phones if symbol not in missing)
        return self.table.coded(phones), tuple(missing)

    def output(
        self, text: str, words: Words, phones: str, missing: tuple[str, ...], language: str
    ) -> FrontendOutput:
        """Return the output for ``phones``; raises UnreadableTextError where there is none."""
        as_written = dict.fromkeys(one for each in missing for one in spellings_of(each, text))
        unknown = (*words.dropped, *words.foreign, *as_written)
        if not any(symbol not in SILENT for symbol in phones):
            message = _no_phones_message(text, language, words.dropped, words.foreign)
            raise UnreadableTextError(message, unknown)
        phonemes = BOUNDARY + phones.strip(BOUNDARY) + BOUNDARY
        return FrontendOutput(text, words.normalized, phonemes, self.tokens(phonemes), unknown)

    def tokens(self, phonemes: str) -> tuple[int, ...]:
        """Return the index of each symbol; symbols that the table does not have are left out."""
        return self.table.ids(phonemes)

    def sentences(self, text: str, language: str = "en-us") -> list[Sentence]:
        """Split text of any length into sentences that one call takes, with the pauses after them.

        Raises TextError for blank text and for tags.
        """
        require_no_markup(text)
        return split_sentences(text, language, min(MAX_CHARACTERS, self.max_characters))

    def learned(self, texts: Iterable[tuple[str, str]]) -> "Frontend":
        """Return a front end with the symbols of ``texts`` and their languages, where it learns.

        A front end whose symbols are fixed is returned as it is. Texts that cannot be read are left
        out.
        """
        phonemizer = self.phonemizer
        if not isinstance(phonemizer, SymbolLearner):
            return self

        def phones() -> Iterator[str]:
            for text, language in texts:
                with suppress(TextError):
                    self.require_readable(text)
                    yield _phonemized(phonemizer, self.words(text, language).normalized, language)

        return self.with_symbols(phonemizer.learned_symbols(phones()))

    def with_symbols(self, symbols: Sequence[str]) -> "Frontend":
        """Return a copy with another table of symbols."""
        made = copy(self)
        made.table = SymbolTable(symbols)
        return made

    def to_dict(self) -> PlainData:
        """Return plain data for a checkpoint."""
        phonemizer = type(self.phonemizer)
        values = {
            "phonemizer": f"{phonemizer.__module__}.{phonemizer.__qualname__}",
            "max_characters": self.max_characters,
            "rules": VERSION,
            "symbols": list(self.symbols),
        }
        return {**values, "lexicon": self.lexicon.entries} if self.lexicon.entries else values

    @classmethod
    def from_dict(
        cls, values: PlainData, phonemizer: Phonemizer | None = None, where: str = "the checkpoint"
    ) -> "Frontend":
        """Rebuild a front end from :meth:`to_dict`; ``where`` names the file in a message.

        A phonemizer from outside this package must be passed, or its package trusted, because a
        checkpoint must not make Python import arbitrary classes. Raises TextError if it is missing,
        PlainDataError naming a field that is missing or ill-typed.
        """
        if missing := [name for name in _TYPES if name not in values]:
            raise PlainDataError(f"{where}, frontend: the field {missing[0]} is missing")
        name, characters, symbols = (
            conform(values[name], hint, f"{where}, frontend.{name}")
            for name, hint in _TYPES.items()
        )
        if characters < 1:
            raise PlainDataError(f"{where}, frontend.max_characters: expected 1 or more")
        if len(symbols) > MOST or "" in symbols:
            raise PlainDataError(
                f"{where}, frontend.symbols: expected at most {MOST:,}, none empty"
            )
        if phonemizer is None:
            try:
                phonemizer = locate(name, f"{where}, frontend", PHONEMIZERS)()
            except TrustError as error:
                raise TextError(
                    f"{where} needs the phonemizer {name}: pass 'phonemizer={{_target_: {name}}}', "
                    "in Python Synthesizer.load(..., phonemizer=...)"
                ) from error
        frontend = cls(phonemizer, max_characters=characters, symbols=symbols)
        entries = values.get("lexicon", {})
        if not isinstance(entries, dict) or not all(
            isinstance(text, str) for pair in entries.items() for text in pair
        ):
            raise PlainDataError(f"{where}, frontend.lexicon: expected words with pronunciations")
        frontend.lexicon = Lexicon(entries, f"{where}, frontend.lexicon")
        return frontend

    def _require_length(self, text: str) -> None:
        if len(text) > self.max_characters:
            raise TextError(
                f"the text {text[:40]!r}... has {len(text):,} characters, more than "
                f"max_characters={self.max_characters:,}: split it into sentences"
            )


def _phonemized(phonemizer: Phonemizer, words: str, language: str) -> str:
    """Return the phonemizer's symbols. Raises UserError for one that returns anything else."""
    phones = phonemizer(words, language)
    if not isinstance(phones, str):
        raise UserError(
            f"frontend.phonemizer: {type(phonemizer).__qualname__} returned {quoted(phones)}; "
            "return a string, one character a symbol"
        )
    return phones


def _no_phones_message(
    text: str, language: str, dropped: tuple[str, ...], foreign: tuple[str, ...]
) -> str:
    quoted = shortened(text)
    if not text.strip():
        return f"the text {quoted} is empty: write at least one word"
    if foreign:
        return (
            f"nothing in the text {quoted} can be synthesized as language={language}: "
            f"it is written in {describe(foreign[0])}"
        )
    if any(character.isalpha() for character in text):
        return (
            f"nothing in the text {quoted} can be synthesized: the phonemizer has no phones for it "
            f"in language={language}"
        )
    left_out = f" (left out: {' '.join(map(ascii, dropped[:8]))})" if dropped else ""
    return (
        f"nothing in the text {quoted} can be synthesized: it has no letter and no digit{left_out}"
    )

"""Analysis of a text for speaking: its sentences as tokens, and the pieces that are skipped."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tts.errors import listed
from tts.text.auto_language import AUTO, by_language
from tts.text.bracket_markup import parse_brackets
from tts.text.code_switching import switched
from tts.text.errors import TextError, UnreadableTextError
from tts.text.frontend import Frontend
from tts.text.lexicon import Lexicon
from tts.text.reading import Reading, read_spans
from tts.text.spans import PLAIN, Passage, Prosody, Span, cut, joined
from tts.text.ssml import is_ssml, parse_ssml
from tts.text.symbols import BOUNDARY, PUNCTUATION

_CLOSING = '")'
_ENDING = frozenset(PUNCTUATION) - frozenset('…"()¿¡')


class AnalyzedSentence(NamedTuple):
    """A sentence as a model speaks it; without tokens where nothing in it can be spoken."""

    text: str
    normalized: str
    phonemes: str  # N symbols, one character each
    tokens: tuple[int, ...]  # (N,)
    pause: float  # seconds of silence that follow, at a neutral rate
    unknown: tuple[str, ...]  # characters and phones that were left out
    skipped: str = ""  # why the sentence is not spoken
    silence: float = 0.0  # seconds of silence that follow at any rate, as markup asks
    lead: float = 0.0  # seconds of silence before the first sentence
    language: str = ""
    speaker: str | None = None  # None: the text's
    prosody: tuple[Prosody, ...] = ()  # (N,), of markup; empty where it changes nothing
    pronounced: tuple[tuple[str, str], ...] = ()  # words with phonemes of their own


class Cast(NamedTuple):
    """Which languages and speakers a text may name."""

    languages: Sequence[str]
    speakers: Mapping[str, str]  # with their languages

    @classmethod
    def of(
        cls, languages: Sequence[str], speakers: Sequence[str], speaker_languages: Sequence[int]
    ) -> "Cast":
        """Return those of a model; ``speaker_languages``: the index of each speaker's language."""
        spoken = (languages[index] for index in speaker_languages)
        return cls(languages, dict(zip(speakers, spoken, strict=True)))


def analyze(
    frontend: Frontend,
    text: str,
    language: str,
    lexicons: Sequence[Lexicon] = (),
    cast: Cast | None = None,
    ssml: bool = False,
) -> list[AnalyzedSentence]:
    """Split ``text`` and return its sentences, as every synthesis uses them.

    The text can have markup in brackets (:mod:`tts.text.bracket_markup`), or be SSML: if it begins
    with ``<speak``, or with ``ssml``. ``lexicons``: pronunciations, before those
    of the front end. ``cast``: the languages and speakers that SSML may name,
    None = any language. A piece without words or in a script of another language is
    returned without tokens, with the reason. Raises TextError if that is all, for markup that is
    wrong, and for an unknown language. ``language`` "auto": each sentence has the one that it seems
    to be in, of those of ``cast`` where it has several.
    """
    detected = language == AUTO
    if detected:
        passages, language = _detected(frontend, text, cast, ssml)
    else:
        passages = _passages(frontend, text, language, ssml)
    found: list[AnalyzedSentence] = []
    first_error: UnreadableTextError | None = None
    lead = 0.0
    for passage in passages:
        if not passage.spans:
            lead += passage.pause or 0.0
            continue
        parts = _sentences(frontend, passage, language, lexicons, cast, detected)
        for sentence, error in parts:
            first_error = first_error or error
            found.append(sentence)
    if first_error is not None and not any(sentence.tokens for sentence in found):
        raise first_error
    if not found:
        raise TextError("the text is empty: write at least one word")
    found = _without_skipped_pauses(found)
    first = next(k for k, sentence in enumerate(found) if sentence.tokens)
    found[first] = found[first]._replace(lead=lead)
    return found


def _passages(frontend: Frontend, text: str, language: str, ssml: bool) -> list[Passage]:
    if not ssml and not is_ssml(text):
        return _with_words(parse_brackets(text, frontend.symbols))
    passages = _with_words(parse_ssml(text, language, frontend.symbols))
    if not any(passage.spans for passage in passages):
        raise UnreadableTextError(f"the text {text[:60]!r} has only tags, and no word to speak")
    return passages


def _detected(
    frontend: Frontend, text: str, cast: Cast | None, ssml: bool
) -> tuple[list[Passage], str]:
    """Return passages of one language each, and the language of a text that does not tell."""
    default = "en-us" if cast is None else cast.languages[0]
    several = cast is not None and len(cast.languages) > 1
    candidates = cast.languages if cast is not None and several else None
    passages = _passages(frontend, text, default, ssml)
    return by_language(passages, candidates, default), default


def _with_words(passages: Sequence[Passage]) -> list[Passage]:
    """Return passages that have words: marks and pauses of others go to the one before them.

    The first can have no spans: it is the silence before the text.
    """
    found: list[Passage] = []
    marks: tuple[Span, ...] = ()  # before the first word
    for passage in passages:
        has_words = any(c.isalnum() for c in passage.text)
        if has_words or (not found and len(passages) == 1):
            found.append(passage._replace(spans=joined((*marks, *passage.spans))))
            marks = ()
            continue
        asked = passage.pause
        if not found or not found[-1].spans:
            marks = (*marks, *passage.spans) if passage.text.strip() else marks
            if asked:
                before = found.pop().pause or 0.0 if found else 0.0
                found.append(Passage((), pause=before + asked))
            continue
        last = found[-1]
        if passage.text.strip():
            word = last.spans[-1]._replace(text=last.spans[-1].text.rstrip())
            last = last._replace(spans=joined((*last.spans[:-1], word, *passage.spans)))
        if asked is not None:
            last = last._replace(pause=(last.pause or 0.0) + asked)
        continues = last.continues and passage.continues
        found[-1] = last._replace(gap=max(last.gap, passage.gap), continues=continues)
    if marks:
        found.append(Passage(joined(marks)))
    if found and found[-1].spans:
        found[-1] = found[-1]._replace(gap=0.0, continues=False)
    return found


def _sentences(
    frontend: Frontend,
    passage: Passage,
    language: str,
    lexicons: Sequence[Lexicon],
    cast: Cast | None,
    detected: bool,
) -> Iterator[tuple[AnalyzedSentence, UnreadableTextError | None]]:
    """Yield the sentences of a passage, each with the error that keeps it from being spoken."""
    if detected and passage.language and passage.speaker is None:
        language = passage.language  # the model may not know it
    else:
        language = _language(passage, language, cast)
    spans = passage.spans
    for lexicon in (*lexicons, frontend.lexicon):
        spans = joined(lexicon.apply(spans, language))
    preferred = () if cast is None else cast.languages
    split = frontend.sentences("".join(span.text for span in spans), language)
    marked = len(spans) > 1 or spans[0] != Span(spans[0].text)
    texts = [sentence.text for sentence in split]
    pieces = cut(spans, texts) if marked else [(Span(text),) for text in texts]
    for number, ((text, pause), own) in enumerate(zip(split, pieces, strict=True), start=1):
        own = joined(switched(own, language, frontend.scripts(language), preferred))
        last = number == len(split)
        silence = (passage.pause or 0.0) if last else 0.0
        pause = (passage.gap if passage.pause is None else 0.0) if last else pause
        rate = own[-1].prosody.rate
        base = AnalyzedSentence(
            "".join(span.shown for span in own), "", "", (), pause / rate, (), silence=silence,
            language=language, speaker=passage.speaker,
        )  # fmt: skip
        try:
            reading = _read(frontend, text, own, language)
        except UnreadableTextError as error:
            yield base._replace(unknown=error.left_out, skipped=str(error)), error
            continue
        except TextError as error:  # of a language that the phonemizer does not have
            if not passage.language_at:
                raise
            raise TextError(f"{passage.language_at}: {error}") from error
        output = reading.output
        phonemes = with_stop(output.phonemes, "," if last and passage.continues else ".")
        prosody = reading.prosody
        if all(one == PLAIN._replace(stressed=one.stressed) for one in prosody):
            prosody = ()
        elif len(phonemes) != len(prosody):
            kept = len(output.phonemes.rstrip(BOUNDARY))
            added = (prosody[-1],) * (len(phonemes) - kept)
            prosody = prosody[:kept] + added
        sentence = base._replace(
            normalized=output.normalized, phonemes=phonemes, tokens=frontend.tokens(phonemes),
            unknown=output.unknown, prosody=prosody, pronounced=reading.pronounced,
        )  # fmt: skip
        yield sentence, None


def _read(frontend: Frontend, text: str, spans: Sequence[Span], language: str) -> Reading:
    if all(span == Span(span.text) for span in spans):
        return Reading(frontend(text, language))
    return read_spans(frontend, spans, language)


def _language(passage: Passage, language: str, cast: Cast | None) -> str:
    """Return the language of a passage: its own, its speaker's or the text's."""
    if passage.speaker is not None and cast is not None:
        if passage.speaker not in cast.speakers:
            raise TextError(
                f"{passage.speaker_at} is not a speaker of this model; choose from "
                f"{listed(tuple(cast.speakers))}"
            )
        language = cast.speakers[passage.speaker]
    if passage.language is None:
        return language
    wanted = passage.language.lower().replace("_", "-")
    if cast is None:
        return wanted
    base = wanted.split("-")[0]
    near = [known for known in cast.languages if known.lower() in (wanted, base)]
    near += [known for known in cast.languages if known.lower().split("-")[0] == base]
    if language.lower().split("-")[0] == base and wanted not in near[:1]:
        near.insert(0, language)
    if not near:
        raise TextError(
            f"{passage.language_at} is not a language of this model; choose from "
            f"{', '.join(cast.languages)}"
        )
    return near[0]


def _without_skipped_pauses(sentences: list[AnalyzedSentence]) -> list[AnalyzedSentence]:
    """Move the pause of a skipped piece to the sentence before it; the last has none."""
    moved = silence = 0.0
    found: list[AnalyzedSentence] = []
    is_last = True
    for sentence in reversed(sentences):
        silence += sentence.silence
        if sentence.tokens:
            pause = 0.0 if is_last else max(sentence.pause, moved)
            found.append(sentence._replace(pause=pause, silence=silence))
            moved, silence, is_last = 0.0, 0.0, False
        else:
            moved = max(moved, sentence.pause)
            found.append(sentence._replace(pause=0.0, silence=0.0))
    return found[::-1]


def with_stop(phonemes: str, mark: str = ".") -> str:
    """Return phonemes that end in a mark of punctuation, ``mark`` if they had none.

    Models learn to end at a stop; without one, and after three dots, the last sound is cut off at
    full voice. A comma or the like at the end stays: the sentence goes on in the next piece.
    """
    last = phonemes.rstrip(BOUNDARY + _CLOSING)[-1:]
    if last in _ENDING:
        return phonemes
    return f"{phonemes.rstrip(BOUNDARY)}{mark}{BOUNDARY}"

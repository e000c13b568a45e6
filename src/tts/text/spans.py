"""Marked-up text: passages between pauses, and their spans with prosody and pronunciation.

What :mod:`tts.text.bracket_markup`, :mod:`tts.text.ssml` and :mod:`tts.text.lexicon` make, and
:mod:`tts.text.analysis` turns into sentences.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tts.bounds import ENERGY, PITCH, PITCH_RANGE, RATE, Bound
from tts.text.errors import TextError

BOUNDS: dict[str, Bound] = {
    "rate": RATE, "pitch": PITCH, "energy": ENERGY, "pitch_range": PITCH_RANGE,
}  # fmt: skip
# what stands for phonemes without a spelling where the words around them are read
STAND_IN = "Bob"


class Prosody(NamedTuple):
    """How a span is spoken: factors and shifts, as in :class:`tts.controls.SynthesisControls`."""

    rate: float = 1.0  # times faster
    pitch: float = 0.0  # semitones up
    energy: float = 0.0  # decibels up
    pitch_range: float = 1.0  # times the pitch's deviation from the mean
    stressed: bool = False  # each word has a primary stress

    def inside(self, outer: "Prosody") -> "Prosody":
        """Return the prosody of a span inside of another one."""
        return Prosody(
            self.rate * outer.rate,
            self.pitch + outer.pitch,
            self.energy + outer.energy,
            self.pitch_range * outer.pitch_range,
            self.stressed or outer.stressed,
        )

    def common(self, other: "Prosody") -> "Prosody":
        """Return this prosody with what differs from ``other`` set to neutral."""
        differing = {
            name: getattr(PLAIN, name)
            for name, ours, theirs in zip(self._fields, self, other, strict=True)
            if ours != theirs
        }
        return self._replace(**differing)

    def with_values(self, values: Mapping[str, float]) -> "Prosody":
        """Return this prosody with the values of :data:`BOUNDS`' names in place of its own."""
        rate, pitch, energy, pitch_range = ({**self._asdict(), **values}[name] for name in BOUNDS)
        return Prosody(rate, pitch, energy, pitch_range, self.stressed)


PLAIN = Prosody()


def nested(own: Prosody, outer: Prosody, tag: str) -> Prosody:
    """Return the prosody of a ``tag`` inside of others.

    Raises TextError where together they leave a control's range.
    """
    inner = own.inside(outer)
    for name, bound in BOUNDS.items():
        if not bound.accepts(value := getattr(inner, name)):
            raise TextError(
                f"{tag} inside of other tags makes {name} {value:g}: expected {bound.words()}"
            )
    return inner


# relative to the words around
EMPHASIS = {
    "strong": Prosody(rate=0.8, pitch=2.0, energy=4.0, stressed=True),
    "moderate": Prosody(rate=0.9, pitch=1.0, energy=2.0, stressed=True),
    "none": PLAIN,
    "reduced": Prosody(rate=1.15, pitch=-1.0, energy=-3.0),
}


class Span(NamedTuple):
    """A piece of text that is spoken in one way."""

    text: str
    prosody: Prosody = PLAIN
    phonemes: str | None = None  # its symbols, in place of those of its text
    language: str | None = None  # whose rules read it; None: the sentence's

    @property
    def stands_in(self) -> bool:
        """Whether it has phonemes alone, and no spelling."""
        return self.phonemes is not None and self.text.strip() == STAND_IN

    @property
    def shown(self) -> str:
        """The text, or the phonemes in brackets where a word stands in for them."""
        return (
            self.text.replace(STAND_IN, f"[[ {self.phonemes} ]]") if self.stands_in else self.text
        )


class Passage(NamedTuple):
    """Text up to a pause, or to a change of language or speaker."""

    spans: tuple[Span, ...]
    language: str | None = None  # None: the text's
    speaker: str | None = None  # None: the text's
    pause: float | None = None  # seconds of silence that follow, as asked; None: as texts have it
    gap: float = 0.0  # seconds of silence that follow at a neutral rate, where no pause is asked
    continues: bool = False  # whether its last sentence may go on in the next passage
    language_at: str = ""  # the tag that names the language, with its place
    speaker_at: str = ""  # the tag that names the speaker, with its place

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return ``spans`` without empty ones, neighbors of one kind as one."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        same = last and (last.prosody, last.language) == (span.prosody, span.language)
        if last and same and span.phonemes is last.phonemes is None:
            found[-1] = last._replace(text=last.text + span.text)
        elif span.text:
            found.append(span)
    return tuple(found)


def cut(spans: Sequence[Span], sentences: Sequence[str]) -> list[tuple[Span, ...]]:
    """Return the spans of each sentence of their text.

    Splitting changes nothing but white space, so other characters are counted. Phonemes are those
    of a span's first piece; its others are silent.
    """
    owners = (n for n, span in enumerate(spans) for c in span.text if not c.isspace())
    used = -1  # the last span with a piece
    found = []
    for sentence in sentences:
        pieces: list[Span] = []
        white, number = "", -1
        for character in sentence:
            if character.isspace():
                white += character
                continue
            before, number = number, next(owners)
            if pieces and number == before:
                pieces[-1] = pieces[-1]._replace(text=pieces[-1].text + white + character)
            else:
                if pieces:  # white space belongs to the span before it
                    pieces[-1] = pieces[-1]._replace(text=pieces[-1].text + white)
                span = spans[number]
                silent = span.phonemes is not None and number == used
                pieces.append(
                    span._replace(text=character, phonemes="" if silent else span.phonemes)
                )
            white, used = "", number
        found.append(tuple(pieces))
    return found

"""A subset of the Speech Synthesis Markup Language (W3C, version 1.1) as passages.

``speak, p, s, break, prosody, phoneme (ipa), sub, say-as, lang, voice, emphasis``. Another tag or
attribute is an error with its place. A document type, and with it every entity but XML's own five,
is refused, so nothing is expanded or fetched.
"""

import re
from collections.abc import Callable, Collection
from typing import NamedTuple, TypeVar
from xml.parsers import expat

from tts.bounds import Bound
from tts.text import ssml_values
from tts.text.bracket_markup import PAUSE
from tts.text.errors import TextError
from tts.text.pronunciation import read_phonemes
from tts.text.say_as import say_as
from tts.text.spans import (
    BOUNDS,
    EMPHASIS,
    PLAIN,
    STAND_IN,
    Passage,
    Prosody,
    Span,
    joined,
    nested,
)  # fmt: skip
from tts.text.symbols import SYMBOLS

Choice = TypeVar("Choice")
_START = re.compile(
    r"\s*(?:<\?xml\b[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!DOCTYPE\b|speak[\s>/])", re.S
)
_SPACES = re.compile(r"\s+")
_NAME = re.compile(r"[^\W\d_]+(?:['’ -][^\W\d_]+)*")  # words that a phonemizer reads
GAPS = {"p": 0.8, "s": 0.4}  # seconds after them
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "speak": ("version", "xml:lang"), "p": ("xml:lang",), "s": ("xml:lang",),
    "break": ("time", "strength"), "prosody": ("rate", "pitch", "volume", "range"),
    "phoneme": ("ph", "alphabet"), "sub": ("alias",), "say-as": ("interpret-as", "format"),
    "lang": ("xml:lang",), "voice": ("name", "xml:lang"), "emphasis": ("level",),
}  # fmt: skip
REQUIRED = {"phoneme": "ph", "sub": "alias", "say-as": "interpret-as", "lang": "xml:lang",
            "voice": "name"}  # fmt: skip
_PROSODY: dict[str, tuple[str, Callable[[str], float]]] = {
    "rate": ("rate", ssml_values.rate), "pitch": ("pitch", ssml_values.pitch),
    "volume": ("energy", ssml_values.volume), "range": ("pitch_range", ssml_values.pitch_range),
}  # fmt: skip
_REPLACING = ("phoneme", "sub", "say-as")  # they hold text alone


class _Open(NamedTuple):
    """An element that is not closed yet, with what holds inside of it."""

    tag: str
    attributes: dict[str, str]
    prosody: Prosody = PLAIN
    language: str | None = None
    speaker: str | None = None
    where: str = ""
    language_at: str = ""  # the tag that names the language, with its place
    speaker_at: str = ""


def is_ssml(text: str) -> bool:
    """Return whether a text begins with ``<speak``, after an XML declaration if it has one."""
    return _START.match(text) is not None


def with_root(text: str) -> str:
    """Return SSML with ``<speak>`` around it, where it has none."""
    return text if is_ssml(text) else f"<speak>{text}</speak>"


def parse_ssml(text: str, language: str, symbols: Collection[str] = SYMBOLS) -> list[Passage]:
    """Return the passages of an SSML document; ``language``: where it names none.

    Raises TextError that names the tag and its place.
    """
    return _Reader(language, symbols).read(with_root(text))


def control_tag(text: str, control: str, symbols: Collection[str] = SYMBOLS) -> str | None:
    """Return the first tag of SSML that changes a control, with its place; None without one."""
    reader = _Reader("", symbols)
    reader.read(text)
    return reader.control_tags.get(control)


class _Reader:
    def __init__(self, language: str, symbols: Collection[str]) -> None:
        self.language, self.symbols = language, symbols
        self.passages: list[Passage] = []
        self.spans: list[Span] = []
        self.opened: list[_Open] = []
        self.text = ""  # of an element that replaces it
        self.control_tags: dict[str, str] = {}  # the first that changes a control, with its place
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def read(self, text: str) -> list[Passage]:
        try:
            self.parser.Parse(text.strip().encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            place = f"SSML, line {error.lineno}, character {error.offset + 1}"
            reason = expat.ErrorString(error.code)
            remedy = "close every tag, in the reverse order of opening"
            if reason in (
                expat.errors.XML_ERROR_INVALID_TOKEN,
                expat.errors.XML_ERROR_UNDEFINED_ENTITY,
            ):
                remedy = "write & as &amp; and < as &lt;"
            raise TextError(f"{place}: {reason}; {remedy}") from error
        return self.passages

    @property
    def where(self) -> str:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber
        return f"SSML, line {line}, character {column + 1}"

    def refuse_doctype(self, *_: object) -> None:
        raise TextError(f"{self.where}: a document type is not supported: remove <!DOCTYPE>")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._require_known(tag, attributes)
        outer = self.opened[-1] if self.opened else _Open("", {})
        inner = outer._replace(tag=tag, attributes=attributes, where=self.where)
        if tag in ("p", "s"):
            self._end_passage()
        elif tag == "prosody":
            inner = self._nested(inner, self._prosody(attributes), outer)
        elif tag == "emphasis":
            own = self._chosen(tag, "level", attributes.get("level", "moderate"), EMPHASIS)
            inner = self._nested(inner, own, outer)
        elif tag == "break":
            if pause := self._break(attributes):
                self._end_passage(pause, continues=True)
        elif tag == "voice":
            name = attributes["name"]
            named_at = f'{self.where}: <voice name="{name}">'
            inner = inner._replace(speaker=name, speaker_at=named_at, language=None)
        if "xml:lang" in attributes:
            language = attributes["xml:lang"]
            named_at = f'{self.where}: <{tag} xml:lang="{language}">'
            inner = inner._replace(language=language, language_at=named_at)
        if (inner.language, inner.speaker) != (outer.language, outer.speaker):
            self._end_passage(continues=True)
        if tag in _REPLACING:
            self.text = ""
        self.opened.append(inner)

    def end(self, tag: str) -> None:
        inner = self.opened[-1]
        if tag in _REPLACING:
            self._replace(inner)
        elif tag in ("p", "s", "speak"):
            self._end_passage(gap=GAPS.get(tag, 0.0))
        outer = self.opened[-2] if len(self.opened) > 1 else inner
        if (inner.language, inner.speaker) != (outer.language, outer.speaker):
            self._end_passage(continues=True)
        self.opened.pop()

    def characters(self, text: str) -> None:
        text = _SPACES.sub(" ", text)
        if self.opened[-1].tag in _REPLACING:
            self.text += text
        elif self.opened[-1].tag == "break" and text.strip():
            raise TextError(f"{self.where}: <break> holds no text: write <break/>")
        else:
            self.spans.append(Span(text, self.opened[-1].prosody))

    def _require_known(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in ATTRIBUTES:
            known = ", ".join(ATTRIBUTES)
            raise TextError(f"{self.where}: <{tag}> is not supported: choose from {known}")
        for name in attributes:
            declares = tag == "speak" and name.startswith(("xmlns", "xsi:"))
            if name not in ATTRIBUTES[tag] and not declares:
                known = ", ".join(ATTRIBUTES[tag])
                raise TextError(
                    f"{self.where}: <{tag}> has the attribute {name}, which is not supported: "
                    f"choose from {known}"
                )
        if (needed := REQUIRED.get(tag)) and not attributes.get(needed, "").strip():
            raise TextError(f'{self.where}: <{tag}> needs {needed}="..."')
        parents = [one.tag for one in self.opened]
        if parents and (tag == "speak" or parents[-1] in (*_REPLACING, "break")):
            raise TextError(f"{self.where}: <{tag}> cannot stand inside of <{parents[-1]}>")

    def _prosody(self, attributes: dict[str, str]) -> Prosody:
        values = {}
        for name, written in attributes.items():
            control, read = _PROSODY[name]
            values[control] = self._number("prosody", name, written, read, BOUNDS[control])
        return PLAIN.with_values(values)

    def _nested(self, inner: _Open, own: Prosody, outer: _Open) -> _Open:
        """Return an element with its ``own`` prosody inside of that around it."""
        given = "".join(f' {name}="{value}"' for name, value in inner.attributes.items())
        shown = f"{inner.where}: <{inner.tag}{given}>"
        for name in BOUNDS:
            if getattr(own, name) != getattr(PLAIN, name):
                self.control_tags.setdefault(name, shown)
        return inner._replace(prosody=nested(own, outer.prosody, shown))

    def _break(self, given: dict[str, str]) -> float:
        if "time" in given:
            return self._number("break", "time", given["time"], ssml_values.seconds, PAUSE)
        return self._chosen(
            "break", "strength", given.get("strength", "medium"), ssml_values.BREAKS
        )

    def _replace(self, element: _Open) -> None:
        """Add the span of an element that says how its text is read."""
        given, text = element.attributes, self.text.strip()
        try:
            if element.tag == "phoneme":
                alphabet = given.get("alphabet", "ipa")
                if alphabet != "ipa":
                    raise TextError(f'alphabet="{alphabet}" is not supported: write ipa')
                phonemes = read_phonemes(given["ph"], self.symbols)
                # the word around which its neighbors are read
                word = text if _NAME.fullmatch(text) else STAND_IN
                span = Span(word, element.prosody, phonemes)
            elif element.tag == "sub":
                span = Span(given["alias"], element.prosody)
            else:
                language = element.language or self.language
                kind, form = given["interpret-as"], given.get("format")
                span = Span(say_as(text, kind, form, language.lower()), element.prosody)
        except TextError as error:
            raise TextError(f"{element.where}: <{element.tag}>: {error}") from error
        self.spans.append(span)

    def _number(
        self, tag: str, name: str, written: str, read: Callable[[str], float], bound: Bound
    ) -> float:
        shown = f'{self.where}: <{tag} {name}="{written}">'
        try:
            number = read(written.strip())
        except TextError as error:
            raise TextError(f"{shown}: {error}") from error
        if not bound.accepts(number):
            raise TextError(f"{shown} is {number:g}: expected {bound.words()}")
        return number

    def _chosen(self, tag: str, name: str, written: str, choices: dict[str, Choice]) -> Choice:
        if written not in choices:
            listed = ", ".join(choices)
            raise TextError(f'{self.where}: <{tag} {name}="{written}">: choose from {listed}')
        return choices[written]

    def _end_passage(
        self, pause: float | None = None, gap: float = 0.0, continues: bool = False
    ) -> None:
        spans, self.spans = joined(self.spans), []
        around = self.opened[-1] if self.opened else _Open("", {})
        self.passages.append(
            Passage(
                spans, around.language, around.speaker, pause, gap, continues, around.language_at,
                around.speaker_at,
            )
        )  # fmt: skip

"""Markup in square brackets: pauses, phonemes, and prosody and emphasis of a span.

``[pause 1.5]``, ``[[ h ə l ˈ oʊ ]]``, ``[rate 0.8]slow[/rate]``, ``[pitch +2]``, ``[energy -3]``,
``[pitch_range 1.5]`` and ``[emphasis strong]`` (moderate, reduced). ``[fr: bon appétit]`` is
read by the rules of another language, by espeak-ng's code. Every other bracket is text, so
``[sic]``, ``[1]`` and ``[emphasis added]`` are read as words; ``\\[`` is a bracket in every case.
Where ``[xx: words]`` names no language, or ``[fr: words`` is not closed, a warning says so.
"""

import logging
import re
from collections.abc import Collection
from typing import NamedTuple

from tts.bounds import Bound
from tts.text import espeak
from tts.text.errors import TextError
from tts.text.pronunciation import read_phonemes
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

PAUSE = Bound(least=0, most=60)  # seconds
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_EMPHASES = " or ".join(f"[emphasis {level}]" for level in EMPHASIS if level != "none")
_LEVELS = "|".join(level for level in EMPHASIS if level != "none")
_CODE = r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*"
_TAG = re.compile(
    rf"""
      (?P<escaped> \\\[ )
    | \[\[ (?P<phonemes> \s[^\[\]\n]*\s | [^\[\]\n]*[ˈˌ][^\[\]\n]* ) \]\]
    | \[pause [ ]+ (?P<seconds> {_NUMBER}) [ ]? (?P<unit> s|ms)? \]
    | \[(?P<control> {"|".join(BOUNDS)}) [ ]+ (?P<value> {_NUMBER}) \]
    | \[emphasis [ ]+ (?P<level> {_LEVELS}) \]
    | \[(?P<language> {_CODE}) : [ ] (?P<foreign> [^\[\]\n]*[^\W_][^\[\]\n]*) \]
    | \[(?P<unclosed> {_CODE}) : [ ] (?= [^\[\]\n]* (?: [\[\n] | \Z ))
    | \[/(?P<end> {"|".join(BOUNDS)}|emphasis) \]
    """,
    re.VERBOSE,
)
log = logging.getLogger(__name__)


class _Open(NamedTuple):
    """A span that is not closed yet."""

    name: str
    tag: str
    start: int
    prosody: Prosody  # with that of the spans around it


def parse_brackets(text: str, symbols: Collection[str] = SYMBOLS) -> list[Passage]:
    """Return the passages of a text with markup in brackets.

    Raises TextError that names the tag and its place for a span that is not closed or not open, a
    value out of range, and phonemes that are not ``symbols``.
    """
    passages: list[Passage] = []
    spans: list[Span] = []
    opened: list[_Open] = []
    end = 0
    for match in _TAG.finditer(text):
        if (code := match["language"] or match["unclosed"]) and not _is_mark(match, code):
            continue  # [cf: page 5] is text
        prosody = opened[-1].prosody if opened else PLAIN
        spans.append(Span(text[end : match.start()], prosody))
        end, where = match.end(), place(text, match.start())
        if match["escaped"]:
            spans.append(Span("[", prosody))
        elif match["language"]:
            spans.append(Span(match["foreign"], prosody, language=match["language"]))
        elif match["phonemes"] is not None:
            try:
                phonemes = read_phonemes(match["phonemes"], symbols)
            except TextError as error:
                raise TextError(f"{where}: {error}") from error
            spans.append(Span(STAND_IN, prosody, phonemes))
        elif match["seconds"]:
            seconds = float(match["seconds"]) / (1000 if match["unit"] == "ms" else 1)
            _require(PAUSE, seconds, match[0], where)
            passages.append(Passage(joined(spans), pause=seconds, continues=True))
            spans = []
        elif match["end"]:
            if not opened or opened[-1].name != match["end"]:
                begins = f"[{match['end']} NUMBER]" if match["end"] in BOUNDS else _EMPHASES
                last = f"{opened[-1].tag} is still open" if opened else f"it ends {begins}"
                raise TextError(f"{where}: {match[0]} closes nothing: {last}")
            opened.pop()
        else:
            name = match["control"] or "emphasis"
            if match["control"]:
                _require(BOUNDS[name], float(match["value"]), match[0], where)
            inner = nested(_prosody(match), prosody, f"{where}: {match[0]}")
            opened.append(_Open(name, match[0], match.start(), inner))
    if opened:
        last_open = opened[-1]
        raise TextError(
            f"{place(text, last_open.start)}: {last_open.tag} is not closed: add "
            f"[/{last_open.name}], or write \\[ for a bracket that is read"
        )
    spans.append(Span(text[end:]))
    passages.append(Passage(joined(spans)))
    return passages


def control_tag(text: str, control: str) -> str | None:
    """Return the first tag that changes a control, with its place; None without one."""
    for match in _TAG.finditer(text):
        if match["control"] or match["level"]:
            value = getattr(_prosody(match), control)
            if value != getattr(PLAIN, control):
                return f"{place(text, match.start())}: {match[0]}"
    return None


def _prosody(match: re.Match[str]) -> Prosody:
    """Return the prosody of a tag that opens a span."""
    if match["control"]:
        return PLAIN.with_values({match["control"]: float(match["value"])})
    return EMPHASIS[match["level"]]


def _is_mark(match: re.Match[str], code: str) -> bool:
    """Return whether brackets mark a language; warn of those that seem to."""
    known = code in espeak.shared().languages
    where = place(match.string, match.start())
    if match["language"] and not known:
        log.warning(
            "%s: %s is read as text: espeak-ng has no language %s; correct the code, or write \\[ "
            "for a bracket that is read", where, match[0], code,
        )  # fmt: skip
    elif match["unclosed"] and known:
        log.warning(
            "%s: [%s: is read as text: it has no ] before the next bracket or the end of the line; "
            "add it, or write \\[ for a bracket that is read", where, code,
        )  # fmt: skip
    return known and match["unclosed"] is None


def place(text: str, index: int) -> str:
    """Return where a character is, for a message: its number, and its line where there are more."""
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return f"line {line}, character {column}" if "\n" in text.strip() else f"character {column}"


def _require(bound: Bound, number: float, tag: str, where: str) -> None:
    if not bound.accepts(number):
        raise TextError(f"{where}: {tag}: expected {bound.words()}")

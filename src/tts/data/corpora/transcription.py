"""Timed transcription of a recording: JSON of characters or words with their times.

Two layouts are read:

- timed characters: ``{"characters": ["H", ...], "character_start_times_seconds": [...],
  "character_end_times_seconds": [...]}``, also under ``"alignment"``;
- timed words or characters: a list of ``{"text" | "word" | "char" | "character": ...,
  "start": s, "end": s}``, also under ``"words"`` or in the ``"words"`` of each of ``"segments"``.
"""

import json
import reprlib
from pathlib import Path

from tts.data.corpora.source import CorpusError
from tts.plain_data import PlainData

Timed = tuple[str, float, float]  # word, start, end in seconds

MAX_OVERLAP = 0.1  # seconds that a word may begin before the one before it ends
_TEXT_KEYS = ("word", "text", "character", "char")


def read_words(path: Path) -> list[Timed]:
    """Read the timed words of a transcription. Raises CorpusError naming the wrong entry."""
    if not path.is_file():
        raise CorpusError(f"{path}: no such file (data.transcription)")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError as error:
        raise CorpusError(f"{path}: nested too deeply; export the transcription again") from error
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # not UTF-8, not JSON, or a number of thousands of digits
        raise CorpusError(f"{path}: not JSON ({error}); export the transcription again") from error
    words = _words(_entries(_items(content, path), path))
    if not words:
        raise CorpusError(f"{path}: no words in the transcription")
    return words


def _items(content: object, path: Path) -> list[object]:
    """Return the file's timed characters or words as they are in the file."""
    if isinstance(content, dict):
        content = content.get("alignment", content)
    if isinstance(content, dict) and "characters" in content and "words" not in content:
        return _columns(content, path)
    if isinstance(content, dict) and "segments" in content:
        return _segments(content["segments"], path)
    if isinstance(content, dict):
        content = content.get("words")
    if not isinstance(content, list):
        raise CorpusError(
            f"{path}: no timed characters or words found; write a list of "
            '{"word": ..., "start": seconds, "end": seconds} under "words"'
        )
    return content


def _segments(segments: object, path: Path) -> list[object]:
    if not isinstance(segments, list):
        raise CorpusError(f'{path}: "segments" is {_brief(segments)}, not a list')
    items: list[object] = []
    for number, segment in enumerate(segments, start=1):
        words = segment.get("words", []) if isinstance(segment, dict) else None
        if not isinstance(words, list):
            raise CorpusError(
                f'{path}, segment {number}: {_brief(segment)} must be an object with a list "words"'
            )
        items += words
    return items


def _columns(content: PlainData, path: Path) -> list[object]:
    columns = [
        content["characters"],
        content.get("character_start_times_seconds", content.get("starts")),
        content.get("character_end_times_seconds", content.get("ends")),
    ]
    if not all(isinstance(c, list) for c in columns) or len({len(c) for c in columns}) > 1:
        raise CorpusError(
            f'{path}: "characters" must be a list, with as many entries in '
            "character_start_times_seconds and character_end_times_seconds"
        )
    return [{"char": c, "start": a, "end": b} for c, a, b in zip(*columns, strict=True)]


def _entries(items: list[object], path: Path) -> list[Timed]:
    """Return the entries in their types. Raises CorpusError naming the first that is wrong."""
    entries: list[Timed] = []
    for number, item in enumerate(items, start=1):
        place = f"{path}, entry {number}"
        text, start, end = _entry(item, place)
        if not (0 <= start <= end < float("inf")):
            raise CorpusError(
                f"{place}: start {start:g} and end {end:g} must be seconds from 0 on, in this order"
            )
        if entries:
            before, began, ended = entries[-1]
            if start < began:
                raise CorpusError(
                    f"{place}: starts at {start:g} s, before the previous entry; sort the entries "
                    "by start"
                )
            if start < ended - MAX_OVERLAP:
                raise CorpusError(
                    f"{place}: {text!r} starts at {start:g} s, and {before!r} before it ends at "
                    f"{ended:g} s; words must not overlap"
                )
            entries[-1] = (before, began, min(ended, start))
        entries.append((text, start, end))
    return entries


def _entry(item: object, place: str) -> Timed:
    wanted = "must have a text, a start and an end in seconds"
    if not isinstance(item, dict):
        raise CorpusError(f"{place}: {_brief(item)} {wanted}")
    text = next((item[name] for name in _TEXT_KEYS if name in item), None)
    times = [item.get("start"), item.get("end")]
    try:
        start, end = (float("nan") if isinstance(t, bool | None) else float(t) for t in times)
        if not isinstance(text, str) or start != start or end != end:
            raise TypeError
        text.encode()  # half of a surrogate pair has no code
    except (TypeError, ValueError, OverflowError):
        raise CorpusError(f"{place}: {_brief(item)} {wanted}") from None
    return text, start, end


def _words(entries: list[Timed]) -> list[Timed]:
    """Join characters to words at the spaces between them; return words unchanged."""
    if any(len(text.strip()) > 1 for text, _, _ in entries):
        return [(text.strip(), a, b) for text, a, b in entries if text.strip()]
    words: list[Timed] = []
    letters: list[Timed] = []
    for entry in [*entries, (" ", 0.0, 0.0)]:
        if entry[0].strip():
            letters.append(entry)
        elif letters:
            words.append(("".join(c for c, _, _ in letters), letters[0][1], letters[-1][2]))
            letters = []
    return words


def _brief(value: object) -> str:
    return ascii(reprlib.repr(value))[1:-1]

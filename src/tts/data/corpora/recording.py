"""Single-recording corpus: one long audio file with a timed transcription.

The transcription is JSON in one of two layouts:

- timed characters: ``{"characters": ["H", ...], "character_start_times_seconds": [...],
  "character_end_times_seconds": [...]}``, also under ``"alignment"``;
- timed words or characters: a list of ``{"text" | "word" | "char" | "character": ...,
  "start": s, "end": s}``, also under ``"words"`` or in the ``"words"`` of each of ``"segments"``.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from tts.data.corpora.source import CorpusError, Source
from tts.plain_data import PlainData

Timed = tuple[str, float, float]  # word, start, end in seconds

_TEXT_KEYS = ("word", "text", "character", "char")
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


class Recording:
    """Utterances cut from ``audio`` at the silences between the words of ``transcription``.

    An utterance ends at the first silence of at least ``min_gap`` seconds after ``target_seconds``,
    or earlier at the end of a sentence, or at its longest silence before it would exceed
    ``max_seconds``. The words' times become durations.
    """

    def __init__(
        self,
        audio: str | Path | None = None,
        transcription: str | Path | None = None,
        speaker: str | None = None,
        language: str = "en-us",
        min_gap: float = 0.2,
        target_seconds: float = 6.0,
        max_seconds: float = 14.0,
    ) -> None:
        if audio is None or transcription is None:
            raise CorpusError(
                f"data.{'audio' if audio is None else 'transcription'} has no value: "
                "data=recording needs data.audio=FILE and data.transcription=FILE.json"
            )
        self.audio, self.transcription = Path(audio), Path(transcription)
        self.name = self.audio.stem
        self.speaker, self.language = speaker or self.name, language
        self.min_gap = min_gap
        self.target_seconds, self.max_seconds = target_seconds, max_seconds
        if not 0 < target_seconds <= max_seconds:
            raise CorpusError(
                f"data.target_seconds={target_seconds} must be above 0 and at most "
                f"data.max_seconds={max_seconds}"
            )

    def sources(self) -> Iterator[Source]:
        words = read_words(self.transcription)
        if not self.audio.is_file():
            raise CorpusError(f"{self.audio}: no such file (data.audio)")
        length = _length(self.audio)
        if words[-1][2] > length + 1.0:
            raise CorpusError(
                f"{self.transcription}: its last word ends at {words[-1][2]:.1f} s, but "
                f"{self.audio} is {length:.1f} s long; give the transcription of this recording"
            )
        pieces = self._cut(words)
        for number, piece in enumerate(pieces):
            # up to half of each gap, at most 0.3 s, stays on either side
            before = words[0][1] if number == 0 else piece[0][1] - pieces[number - 1][-1][2]
            after = (
                length - piece[-1][2]
                if number == len(pieces) - 1
                else pieces[number + 1][0][1] - piece[-1][2]
            )
            start = max(piece[0][1] - min(max(before, 0.0) / 2, 0.3), 0.0)
            stop = min(piece[-1][2] + min(max(after, 0.0) / 2, 0.3), length)
            yield Source(
                id=f"{self.name}-{number:05d}",
                text=" ".join(word for word, _, _ in piece),
                speaker=self.speaker,
                language=self.language,
                audio=self.audio,
                segment=(start, stop),
                timings=tuple((word, a - start, b - start) for word, a, b in piece),
            )

    def fingerprint(self) -> PlainData:
        for path, key in ((self.audio, "audio"), (self.transcription, "transcription")):
            if not path.is_file():
                raise CorpusError(f"{path}: no such file (data.{key})")
        return {
            "format": "recording",
            "audio": str(self.audio.resolve()),
            "bytes": self.audio.stat().st_size,
            "transcription": hashlib.sha256(self.transcription.read_bytes()).hexdigest(),
            "speaker": self.speaker,
            "language": self.language,
            "cut": [self.min_gap, self.target_seconds, self.max_seconds],
        }

    def _cut(self, words: list[Timed]) -> list[list[Timed]]:
        pieces: list[list[Timed]] = []
        piece: list[Timed] = []
        for index, word in enumerate(words):
            piece.append(word)
            if index == len(words) - 1:
                break
            gap = words[index + 1][1] - word[2]
            seconds = word[2] - piece[0][1]
            ended = word[0].rstrip("\"'”’)").endswith(_SENTENCE_ENDS) and seconds >= 1.0
            if gap >= self.min_gap and (ended or seconds >= self.target_seconds):
                pieces.append(piece)
                piece = []
            elif words[index + 1][2] - piece[0][1] > self.max_seconds and len(piece) > 1:
                gaps = [
                    b[1] - a[2] for a, b in zip(piece, [*piece[1:], words[index + 1]], strict=True)
                ]
                place = max(range(len(gaps)), key=gaps.__getitem__) + 1
                pieces.append(piece[:place])
                piece = piece[place:]
        if piece:
            pieces.append(piece)
        return pieces


def read_words(path: Path) -> list[Timed]:
    """Read the timed words of a transcription. Raises CorpusError naming the wrong entry."""
    if not path.is_file():
        raise CorpusError(f"{path}: no such file (data.transcription)")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CorpusError(f"{path}: not JSON ({error}); export the transcription again") from error
    words = _words(_entries(content, path))
    if not words:
        raise CorpusError(f"{path}: no words in the transcription")
    return words


def _entries(content: object, path: Path) -> list[Timed]:
    """Return the file's timed characters or words, checked."""
    if isinstance(content, dict):
        content = content.get("alignment", content)
    if isinstance(content, dict) and "characters" in content and "words" not in content:
        content = _columns(content, path)
    elif isinstance(content, dict) and "segments" in content:
        content = [word for segment in content["segments"] for word in segment.get("words", [])]
    elif isinstance(content, dict):
        content = content.get("words")
    if not isinstance(content, list):
        raise CorpusError(
            f"{path}: no timed characters or words found; write a list of "
            '{"word": ..., "start": seconds, "end": seconds} under "words"'
        )
    entries: list[Timed] = []
    for number, item in enumerate(content, start=1):
        try:
            text = next(item[name] for name in _TEXT_KEYS if name in item)
            start, end = float(item["start"]), float(item["end"])
        except (StopIteration, KeyError, TypeError, ValueError):
            raise CorpusError(
                f"{path}, entry {number}: {item!r} must have a text, a start and an end in seconds"
            ) from None
        if not (0 <= start <= end < float("inf")):
            raise CorpusError(
                f"{path}, entry {number}: start {start} and end {end} must be seconds from 0 on, "
                "in this order"
            )
        if entries and start < entries[-1][1]:
            raise CorpusError(
                f"{path}, entry {number}: starts at {start} s, before the previous entry; sort "
                "the entries by start"
            )
        entries.append((str(text), start, end))
    return entries


def _columns(content: PlainData, path: Path) -> list[PlainData]:
    starts = content.get("character_start_times_seconds", content.get("starts"))
    ends = content.get("character_end_times_seconds", content.get("ends"))
    characters = content["characters"]
    if starts is None or ends is None or not len(characters) == len(starts) == len(ends):
        raise CorpusError(
            f"{path}: {len(characters)} characters need as many entries in "
            "character_start_times_seconds and character_end_times_seconds"
        )
    return [
        {"char": c, "start": a, "end": b} for c, a, b in zip(characters, starts, ends, strict=True)
    ]


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


def _length(path: Path) -> float:
    import soundfile

    try:
        return soundfile.info(path).duration
    except soundfile.LibsndfileError as error:
        raise CorpusError(f"{path}: not audio or damaged ({error.error_string.strip()})") from error

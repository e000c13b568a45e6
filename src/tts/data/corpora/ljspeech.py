"""LJ Speech format: a folder with ``metadata.csv`` and ``wavs/``."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import soundfile

from tts.data.corpora.download import download_ljspeech
from tts.data.corpora.source import CorpusError, Source
from tts.plain_data import PlainData

COLUMNS = ("id", "speaker", "text", "normalized")


class LJSpeech:
    """Corpus with rows ``id|text``, ``id|text|normalized`` or ``id|speaker|text``.

    ``root``: the folder; None downloads the public LJ Speech archive to ``download_to``.
    ``speaker``: the speaker's name, None = the folder's; ignored where the rows name speakers.
    ``language``: an espeak code. ``columns``: the names of the columns, None = guess
    (:func:`guess_columns`). ``transcribed=False``: texts are ignored and may be missing, which is
    enough for a vocoder.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        speaker: str | None = None,
        language: str = "en-us",
        columns: Sequence[str] | None = None,
        transcribed: bool = True,
        download_to: str | Path = "downloads",
    ) -> None:
        self.root = download_ljspeech(Path(download_to)) if root is None else Path(root)
        self.name = self.root.resolve().name
        self.speaker, self.language = speaker or self.name, language
        if columns is not None and (
            unknown := sorted(set(columns) - set(COLUMNS)) or {"id", "text"} - set(columns)
        ):
            raise CorpusError(
                f"data.columns={list(columns)}: must hold id and text, and may hold speaker and "
                f"normalized (wrong or missing: {', '.join(sorted(unknown))})"
            )
        self.columns = tuple(columns) if columns is not None else None
        self.transcribed = transcribed
        self.metadata = self.root / "metadata.csv"

    def sources(self) -> Iterator[Source]:
        rows = self._rows()
        columns = self.columns or guess_columns([fields for _, fields in rows], self.transcribed)
        files = self._files()
        for number, fields in rows:
            if len(fields) != len(columns):
                raise CorpusError(
                    f"{self.metadata}, row {number}: {len(fields)} fields, but other rows have "
                    f"{len(columns)} ({'|'.join(columns)}); remove any | from the text"
                )
            row = dict(zip(columns, fields, strict=True))
            name = row["id"]
            # the doctor reports a missing file, with all others
            path = files.get(name, self.root / "wavs" / f"{name}.wav")
            yield Source(
                id=name,
                text=row["text"] if self.transcribed else "",
                speaker=row.get("speaker") or self.speaker,
                language=self.language,
                audio=path,
                normalized=(row.get("normalized") or None) if self.transcribed else None,
                phonemes=None if self.transcribed else "",
            )

    def fingerprint(self) -> PlainData:
        text = self._text()
        return {
            "format": "ljspeech",
            "root": str(self.root.resolve()),
            "metadata": hashlib.sha256(text.encode()).hexdigest(),
            "speaker": self.speaker,
            "language": self.language,
            "columns": self.columns,
            "transcribed": self.transcribed,
            # a repaired or added file makes another corpus
            "audio": hashlib.sha256(
                "\n".join(f"{n}|{p.stat().st_size}" for n, p in self._files().items()).encode()
            ).hexdigest(),
        }

    def _text(self) -> str:
        if not self.root.is_dir():
            raise CorpusError(
                f"{self.root}: no such folder; set data.root to the folder with metadata.csv"
            )
        if not self.metadata.is_file():
            raise CorpusError(
                f"{self.root}: no metadata.csv in the folder; write one with a row id|text per "
                "file in wavs/"
            )
        try:
            return self.metadata.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{self.metadata}: not UTF-8 at byte {error.start}; save the file as UTF-8"
            ) from error

    def _rows(self) -> list[tuple[int, list[str]]]:
        """Return row numbers, counted from 1, with their fields."""
        rows = []
        for number, line in enumerate(self._text().split("\n"), start=1):
            if not line.strip():
                continue
            fields = [field.strip() for field in line.rstrip("\r").split("|")]
            if len(fields) not in (2, 3, 4):
                raise CorpusError(
                    f"{self.metadata}, row {number}: {line[:80]!r} has {len(fields)} fields; write "
                    "id|text, id|text|normalized, id|speaker|text or id|speaker|text|normalized"
                )
            if not fields[0]:
                raise CorpusError(
                    f"{self.metadata}, row {number}: empty id; write the audio file's name without "
                    "its extension"
                )
            rows.append((number, fields))
        if not rows:
            raise CorpusError(
                f"{self.metadata}: no rows in the file; write a row id|text per file in wavs/"
            )
        return rows

    def _files(self) -> dict[str, Path]:
        """Return audio files by id; of several with one id, the first by name."""
        folder = self.root / "wavs"
        if not folder.is_dir():
            raise CorpusError(f"{self.root}: no folder wavs/ in it; move the audio files there")
        extensions = {f".{form.lower()}" for form in soundfile.available_formats()}
        extensions |= {".opus", ".oga", ".aif"}
        files: dict[str, Path] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in extensions:
                files.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        return files


def guess_columns(rows: list[list[str]], transcribed: bool = True) -> tuple[str, ...]:
    """Guess the names of the columns from their number and, for three, the values of the second.

    It is the speaker when every value is one short word and at most half of the values differ, or
    when the corpus is not transcribed.
    """
    width = len(rows[0])
    if width == 3 and not transcribed:
        return ("id", "speaker", "text")
    if width == 2:
        return ("id", "text")
    if width == 4:
        return ("id", "speaker", "text", "normalized")
    middle = [row[1] for row in rows if len(row) == 3]
    words = all(len(value.split()) == 1 and len(value) <= 40 for value in middle)
    if words and (len(set(middle)) <= len(middle) / 2 or len(middle) == 1):
        return ("id", "speaker", "text")
    return ("id", "text", "normalized")

"""A folder in the layout of LJ Speech: ``metadata.csv`` beside ``wavs/``."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import soundfile

from tts.data.corpora.download import download_ljspeech
from tts.data.corpora.source import CorpusError, Source

COLUMNS = ("id", "speaker", "text", "normalized")


class LJSpeech:
    """Reads ``id|text``, ``id|text|normalized`` or ``id|speaker|text``.

    ``root``: the folder; None downloads the public LJ Speech archive to ``download_to``.
    ``speaker``: the voice's name, by default the folder's; ignored where the file names speakers.
    ``language``: an espeak code. ``columns``: the names of the columns, where the guess would be
    wrong: of three columns the middle one is taken for speakers when each of its values is one
    short word and fewer than half of them differ. ``transcribed=False``: texts are not looked at
    and may be missing, which is enough for a vocoder; of three columns the middle one is the
    speaker.
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
                f"data.columns={list(columns)}: name id, text and perhaps speaker, normalized "
                f"(check {', '.join(unknown)})"
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
                    f"{self.metadata}, row {number}: {len(fields)} fields where the other rows "
                    f"have {len(columns)} ({'|'.join(columns)}); a text may not hold the sign |"
                )
            row = dict(zip(columns, fields, strict=True))
            name = row["id"]
            # a missing file is the doctor's to report, with all the others
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

    def fingerprint(self) -> dict[str, Any]:
        text = self._text()
        return {
            "format": "ljspeech",
            "root": str(self.root.resolve()),
            "metadata": hashlib.sha256(text.encode()).hexdigest(),
            "speaker": self.speaker,
            "language": self.language,
            "columns": self.columns,
            "transcribed": self.transcribed,
            # a file that is mended or comes later is another corpus
            "audio": hashlib.sha256(
                "\n".join(f"{n}|{p.stat().st_size}" for n, p in self._files().items()).encode()
            ).hexdigest(),
        }

    def _text(self) -> str:
        if not self.root.is_dir():
            raise CorpusError(f"{self.root}: there is no such folder (data.root)")
        if not self.metadata.is_file():
            raise CorpusError(
                f"{self.root}: it has no metadata.csv; it should hold one line "
                "id|text per file under wavs/"
            )
        try:
            return self.metadata.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{self.metadata}: not UTF-8 text (byte {error.start}); save it as UTF-8"
            ) from error

    def _rows(self) -> list[tuple[int, list[str]]]:
        """Row numbers, counted from 1, and fields."""
        rows = []
        for number, line in enumerate(self._text().split("\n"), start=1):
            if not line.strip():
                continue
            fields = [field.strip() for field in line.rstrip("\r").split("|")]
            if len(fields) not in (2, 3, 4):
                raise CorpusError(
                    f"{self.metadata}, row {number}: expected id|text, id|text|normalized or "
                    f"id|speaker|text, found {line[:80]!r}"
                )
            if not fields[0]:
                raise CorpusError(f"{self.metadata}, row {number}: the id is empty")
            rows.append((number, fields))
        if not rows:
            raise CorpusError(f"{self.metadata}: the file has no rows")
        return rows

    def _files(self) -> dict[str, Path]:
        """Audio files by stem. Of equal stems the first in the alphabet counts."""
        folder = self.root / "wavs"
        if not folder.is_dir():
            raise CorpusError(f"{self.root}: it has no folder wavs/ with the audio")
        endings = {f".{form.lower()}" for form in soundfile.available_formats()}
        endings |= {".opus", ".oga", ".aif"}
        files: dict[str, Path] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in endings:
                files.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        return files


def guess_columns(rows: list[list[str]], transcribed: bool = True) -> tuple[str, ...]:
    """The columns' names from their number and, for three, from what the middle one holds."""
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

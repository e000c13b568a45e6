"""LJ Speech format: a folder with ``metadata.csv`` and ``wavs/``."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from tts.data.corpora.audio_files import AudioFiles
from tts.data.corpora.columns import read_columns
from tts.data.corpora.download import download_ljspeech
from tts.data.corpora.metadata import Metadata, read_metadata
from tts.data.corpora.source import CorpusError, Source
from tts.plain_data import PlainData


class LJSpeech:
    """Corpus with rows ``id|text``, ``id|text|normalized`` or ``id|speaker|text``.

    ``root``: the folder; None downloads the public LJ Speech archive to ``download_to``.
    ``speaker``: the speaker's name, None = the folder's; ignored where the rows name speakers.
    ``language``: an espeak code. ``columns``: the names of the columns, with ``_`` for one to
    ignore; None = from a header, or guessed (:mod:`tts.data.corpora.columns`).
    ``transcribed=False``: texts are ignored and may be missing, which is enough for a vocoder.
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
        self._named = speaker  # in the config
        self.columns = None if columns is None else read_columns(columns, transcribed)
        self.transcribed = transcribed
        self.metadata = self.root / "metadata.csv"

    def sources(self) -> Iterator[Source]:
        for _, fields in self._content.rows:
            row = dict(zip(self._content.columns, fields, strict=True))
            name, path = self._audio.find(row["id"])  # the doctor reports a missing file
            yield Source(
                id=name,
                text=row["text"] if self.transcribed else "",
                speaker=row.get("speaker") or self.speaker,
                language=self.language,
                audio=path,
                normalized=(row.get("normalized") or None) if self.transcribed else None,
                phonemes=None if self.transcribed else "",
            )

    def files(self) -> dict[str, Path]:
        """Return the audio files of all rows by id."""
        place = self._content.columns.index("id")
        return dict(self._audio.find(fields[place]) for _, fields in self._content.rows)

    def fingerprint(self) -> PlainData:
        rows = [fields for _, fields in self._content.rows]
        return {
            "format": "ljspeech",
            "metadata": hashlib.sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest(),
            "speaker": self.speaker,
            "language": self.language,
            "columns": self._content.columns,
            "transcribed": self.transcribed,
        }

    def description(self) -> str:
        """Return how the rows were read, with an example."""
        told = f"{self.metadata}: {self._content.describe()}"
        if self._named is not None and "speaker" in self._content.columns:
            told += f"; speaker={self._named} is not used, because its rows name speakers"
        return told

    @cached_property
    def _audio(self) -> AudioFiles:
        return AudioFiles(self.root)

    @cached_property
    def _content(self) -> Metadata:
        if not self.root.is_dir():
            raise CorpusError(
                f"{self.root}: no such folder; set data.root to the folder with metadata.csv"
            )
        if not self.metadata.is_file():
            raise CorpusError(
                f"{self.root}: no metadata.csv in the folder; write one with a row id|text per "
                "file in wavs/"
            )
        return read_metadata(self.metadata, self.columns, self.transcribed, self._audio.exists)

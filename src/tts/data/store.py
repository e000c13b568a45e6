"""A prepared corpus on disk: rows in ``manifest.jsonl``, features in safetensors shards.

Layout of the folder: ``corpus.json`` (facts, settings, counts; written last, so its presence means
*finished*), ``manifest.jsonl`` (a row per utterance of the source, kept or dropped and why),
``shards/00000.safetensors`` (tensors named ``<id>/<feature>``), ``report.txt``, ``report.json``.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tts.corpus import CorpusFacts
from tts.errors import UserError

VERSION = 1
FEATURES = ("mel", "pitch", "energy", "tokens", "durations", "audio")


class StoreError(UserError):
    """A prepared corpus that is missing, unfinished or damaged."""


@dataclass
class Row:
    """One line of the manifest."""

    id: str
    text: str
    normalized: str
    phonemes: str
    speaker: str
    language: str
    seconds: float  # after trimming
    frames: int
    tokens: int
    kept: bool
    reason: str | None  # why it was dropped
    split: str | None  # train or validation; None when dropped
    shard: int | None
    timed: bool = False  # durations came with the corpus
    source: str | None = None  # the audio file
    bandwidth: float | None = None  # Hz above which nothing was recorded; None = the whole band
    notes: str | None = None  # kept, but worth a look


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object per line; whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_text(path: Path, text: str) -> None:
    """Write to a temporary name, flush, rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_shard(path: Path, utterances: Mapping[str, Mapping[str, Tensor]]) -> None:
    """``{id: {feature: tensor}}`` to one file; whole or not at all."""
    tensors = {
        f"{name}/{feature}": tensor.contiguous()
        for name, features in utterances.items()
        for feature, tensor in features.items()
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(tensors, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class PreparedCorpus:
    """Reads a finished folder, lazily. Picklable: open files stay behind in their process."""

    def __init__(self, path: Path, facts: CorpusFacts, rows: list[Row]) -> None:
        self.path, self.facts, self.rows = path, facts, rows
        # a folder inside, of other mels than the recordings' to cut clips from
        self.mels: str | None = None
        self._open: dict[Path, Any] = {}
        self._owner = os.getpid()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "PreparedCorpus":
        """Raises StoreError where the folder is not a finished, readable prepared corpus."""
        path = Path(path)
        if not (path / "corpus.json").is_file():
            raise StoreError(f"{path}: not a finished prepared corpus; run python -m tts prepare")
        try:
            corpus = json.loads((path / "corpus.json").read_text(encoding="utf-8"))
            if corpus["version"] != VERSION:
                raise StoreError(
                    f"{path}: prepared by another version of this code; delete the folder and "
                    "prepare it again"
                )
            facts = CorpusFacts.from_dict(corpus["facts"])
            known = {field.name for field in fields(Row)}
            rows = [
                Row(**{key: value for key, value in row.items() if key in known})
                for row in read_rows(path / "manifest.jsonl")
                if row["kept"]
            ]
        except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise StoreError(f"{path}: damaged ({error!r}); delete it and prepare again") from error
        return cls(path, facts, rows)

    def read(self, row: Row, names: Iterable[str] = FEATURES) -> dict[str, Tensor]:
        """The features ``names`` of an utterance, those it has. Mel comes back as float32."""
        shard = self._shard(row.shard, self.path)
        features = {}
        for name in names:
            if name == "durations" and not row.timed:
                continue
            try:
                features[name] = shard.get_tensor(f"{row.id}/{name}")
            except SafetensorError as error:
                raise StoreError(
                    f"{self.path}: {row.id} lacks {name}; delete the folder and prepare again"
                ) from error
        if "mel" in features:
            features["mel"] = features["mel"].float()
        if "tokens" in features:
            features["tokens"] = features["tokens"].long()
        return features

    def read_slice(self, row: Row, name: str, start: int, length: int) -> Tensor:
        """A stretch of one feature, without reading the rest from the disk."""
        folder = self.path / self.mels if self.mels and name == "mel" else self.path
        try:
            return self._shard(row.shard, folder).get_slice(f"{row.id}/{name}")[
                start : start + length
            ]
        except SafetensorError as error:
            raise StoreError(
                f"{self.path}: {row.id} lacks {name}; delete the folder and prepare again"
            ) from error

    def _shard(self, number: int | None, folder: Path) -> Any:
        if number is None:
            raise StoreError(f"{self.path}: a dropped utterance has no features")
        if self._owner != os.getpid():  # forked: handles belong to the parent
            self._open, self._owner = {}, os.getpid()
        file = shard_path(folder, number)
        if file not in self._open:
            try:
                self._open[file] = safe_open(file, framework="pt")
            except (SafetensorError, OSError) as error:
                raise StoreError(
                    f"{file}: damaged or missing; delete {folder} and prepare again"
                ) from error
        return self._open[file]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}


def shard_path(folder: Path, number: int) -> Path:
    return folder / "shards" / f"{number:05d}.safetensors"


def row_dict(row: Row) -> dict[str, Any]:
    return asdict(row)


def to_half(mel: Tensor) -> Tensor:
    """Log mels keep three digits after the point in half precision, at half the disk."""
    return mel.to(torch.float16)

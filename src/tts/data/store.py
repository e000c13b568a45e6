"""Prepared corpus on disk: rows in ``manifest.jsonl``, features in safetensors shards.

Files of the folder:

- ``corpus.json``: facts, settings, counts. Written last: a folder that has it is finished.
- ``manifest.jsonl``: a row per utterance of the source, kept, or dropped with the reason.
- ``shards/00000.safetensors``: tensors named ``<id>/<feature>``.
- ``report.txt``, ``report.json``: what was kept and dropped.
- ``codes-<key>/``: codes of one codec (:mod:`tts.data.codes`), only where ``data.codec`` is set.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tts.contract import CodecContract
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.plain_data import PlainData

VERSION = 2
FEATURES = ("mel", "pitch", "energy", "tokens", "durations", "audio")
FULL_SCALE = 32767  # of 16-bit samples
CODEC = "codec.json"  # in a folder of codes: the codec's contract


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
    frames: int  # of the mel
    tokens: int
    kept: bool
    reason: str | None  # why it was dropped
    split: str | None  # train or validation; None when dropped
    shard: int | None
    timed: bool = False  # durations came with the corpus
    source: str | None = None  # the audio file
    bandwidth: float | None = None  # Hz above which nothing was recorded; None = the full band
    notes: str | None = None  # kept, but worth checking


def write_json(path: Path, value: object) -> None:
    """Write indented JSON, completely or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object per line, completely or not at all."""
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


def read_rows(path: Path) -> list[PlainData]:
    """Read one JSON object per line."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_shard(path: Path, utterances: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write ``{id: {feature: tensor}}`` to one file, completely or not at all."""
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
    """Lazy reader of a finished folder. Picklable: open files stay behind in their process."""

    def __init__(
        self, path: Path, facts: CorpusFacts, rows: list[Row], codes: Path | None = None
    ) -> None:
        self.path, self.facts, self.rows = path, facts, rows
        self.codes = codes  # folder of the codes, None = without
        self.mels: str | None = None  # subfolder of mels for clips instead of the recordings' own
        self._open: dict[Path, safe_open] = {}
        self._owner = os.getpid()

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], codec: CodecContract | None = None
    ) -> "PreparedCorpus":
        """Open a folder, with the codes of ``codec`` if one is given.

        Raises StoreError where the folder is not a finished, readable prepared corpus or has no
        codes of this codec, and ContractError naming the field where its codes are another codec's.
        """
        path = Path(path)
        if not (path / "corpus.json").is_file():
            raise StoreError(
                f"{path} is not a finished prepared corpus; run python -m tts prepare to make it"
            )
        try:
            corpus = json.loads((path / "corpus.json").read_text(encoding="utf-8"))
            if corpus["version"] != VERSION:
                raise StoreError(
                    f"{path} was prepared by another version of this code; delete the folder and "
                    "prepare the corpus again"
                )
            facts = CorpusFacts.from_dict(corpus["facts"])
            known = {field.name for field in fields(Row)}
            rows = [
                Row(**{key: value for key, value in row.items() if key in known})
                for row in read_rows(path / "manifest.jsonl")
                if row["kept"]
            ]
        except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise StoreError(
                f"{path} is damaged ({error!r}); delete the folder and prepare the corpus again"
            ) from error
        if codec is None:
            return cls(path, facts, rows)
        folder = codes_folder(path, codec)
        _read_codec(folder / CODEC).require(codec, str(folder), "data.codec")
        return cls(path, replace(facts, codec=codec), rows, folder)

    def read(self, row: Row, names: Iterable[str] = FEATURES) -> dict[str, Tensor]:
        """Read the features ``names`` of an utterance; durations only where it has them.

        Mel comes back as float32, tokens and codes as int64.
        """
        features = {}
        for name in names:
            if name == "durations" and not row.timed:
                continue
            features[name] = self._read(row, name)
        if "mel" in features:
            features["mel"] = features["mel"].float()
        for name in features.keys() & {"tokens", "codes"}:
            features[name] = features[name].long()
        return features

    def read_audio(self, row: Row) -> Tensor:
        """Read the ``(S,)`` samples in [-1, 1] of an utterance, S = frames * hop."""
        return self._read(row, "audio").float() / FULL_SCALE

    def read_slice(self, row: Row, name: str, start: int, length: int) -> Tensor:
        """Read ``length`` entries of one feature as stored, without the rest of it."""
        folder = self.path / self.mels if self.mels and name == "mel" else self.path
        return self._read(row, name, folder, slice(start, start + length))

    def _read(
        self, row: Row, name: str, folder: Path | None = None, part: slice | None = None
    ) -> Tensor:
        if name == "codes":
            if self.codes is None:
                raise StoreError(f"{self.path} was opened without codes; set data.codec")
            folder = self.codes
        folder = folder or self.path
        shard = self._shard(row, folder)
        try:
            if part is None:
                return shard.get_tensor(f"{row.id}/{name}")
            return shard.get_slice(f"{row.id}/{name}")[part]
        except SafetensorError as error:
            raise StoreError(
                f"{folder}: utterance {row.id} has no {name}; delete the folder and prepare the "
                "corpus again"
            ) from error

    def _shard(self, row: Row, folder: Path) -> safe_open:
        if row.shard is None:
            raise StoreError(f"{self.path}: utterance {row.id} was dropped and has no features")
        if self._owner != os.getpid():  # forked: the open files belong to the parent
            self._open, self._owner = {}, os.getpid()
        file = shard_path(folder, row.shard)
        if file not in self._open:
            try:
                self._open[file] = safe_open(file, framework="pt")
            except (SafetensorError, OSError) as error:
                raise StoreError(
                    f"{file} is damaged or missing; delete {folder} and prepare the corpus again"
                ) from error
        return self._open[file]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_open": {}}


def shard_path(folder: Path, number: int) -> Path:
    return folder / "shards" / f"{number:05d}.safetensors"


def codes_folder(folder: Path, codec: CodecContract) -> Path:
    """Where a prepared corpus keeps the codes of a codec."""
    key = hashlib.sha256(json.dumps(codec.to_dict(), sort_keys=True).encode()).hexdigest()[:8]
    return folder / f"codes-{key}"


def _read_codec(path: Path) -> CodecContract:
    try:
        return CodecContract.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise StoreError(
            f"{path.parent.parent} has no codes of this codec; run python -m tts prepare with "
            "the same data.codec to make them"
        ) from error
    except (OSError, json.JSONDecodeError) as error:
        raise StoreError(
            f"{path} is damaged ({error}); delete {path.parent} and prepare the corpus again"
        ) from error


def row_dict(row: Row) -> PlainData:
    return asdict(row)


def to_half(mel: Tensor) -> Tensor:
    """Halve the size of a log mel; half precision keeps three digits after the point."""
    return mel.to(torch.float16)

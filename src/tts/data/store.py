"""Prepared corpus on disk: rows in ``manifest.jsonl``, features in safetensors shards.

Files of the folder:

- ``corpus.json``: facts, settings, counts. Written last: a folder that has it is finished.
- ``manifest.jsonl``: a row per utterance of the source, kept, or dropped with the reason; with an
  index (:mod:`tts.data.manifest`).
- ``shards/00000.safetensors``: features (:mod:`tts.data.shards`).
- ``extracted.jsonl``: what was found in each recording, so that another folder can use its features
  (:mod:`tts.data.reuse`).
- ``files.json``: the hashes of the recordings (:mod:`tts.data.file_hashes`).
- ``report.txt``, ``report.json``: what was kept and dropped.
- ``codes-<key>/``: codes of one codec (:mod:`tts.data.codes`), only where ``data.codec`` is set.
- ``embeddings-ge2e/``: speaker embeddings, only with ``data.embeddings``.
"""

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from tts.contract import CodecContract, ContractError
from tts.corpus import CorpusFacts
from tts.data.manifest import Manifest, Row
from tts.data.remote import fetch_shard
from tts.data.shards import Shard, StoreError, shard_path, write_shard
from tts.plain_data import PlainData

__all__ = ["PreparedCorpus", "Row", "StoreError", "shard_path", "write_shard"]

VERSION = 3
FEATURES = ("mel", "pitch", "energy", "tokens", "durations", "audio")
FINISHED = "corpus.json"  # written last
FULL_SCALE = 32767  # of 16-bit samples
OPEN_SHARDS = 256  # of a process; the system limits its open files and mappings
CODEC = "codec.json"  # in a folder of codes: the codec's contract
EMBEDDINGS = "embeddings-ge2e"  # folder of the bundled encoder's speaker embeddings
ENCODER = "encoder.json"  # in it, written last


class PreparedCorpus:
    """Lazy reader of a finished folder. Picklable: open files stay behind in their process."""

    def __init__(
        self, path: Path, facts: CorpusFacts, rows: Manifest, codes: Path | None = None
    ) -> None:
        self.path, self.facts, self.rows = path, facts, rows
        self.codes = codes  # folder of the codes, None = without
        self.mels: str | None = None  # subfolder of mels for clips instead of the recordings' own
        self._open: OrderedDict[Path, Shard] = OrderedDict()
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
        if not (path / FINISHED).is_file():
            raise StoreError(
                f"{path} is not a finished prepared corpus; run python -m tts prepare to make it"
            )
        try:
            corpus = json.loads((path / FINISHED).read_text(encoding="utf-8"))
            if corpus["version"] != VERSION:
                raise StoreError(
                    f"{path} was prepared by another version of this code; delete the folder and "
                    "prepare the corpus again"
                )
            facts = CorpusFacts.from_dict(corpus["facts"])
            rows = Manifest(path)
            if rows.lines != corpus["counts"]["utterances"]:
                raise ValueError(f"manifest.jsonl has {rows.lines} rows, more or fewer than before")
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(
                f"{error.filename}: {str(error.strerror).lower()}; check its permissions, or "
                f"delete {path} and prepare the corpus again"
            ) from error
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{path} is damaged ({_brief(error)}); delete the folder and prepare the corpus "
                "again"
            ) from error
        if rows.speakers - set(facts.speakers):
            raise StoreError(f"{path}: manifest.jsonl and corpus.json name different speakers")
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

    def read_embedding(self, row: Row) -> Tensor:
        """Read the speaker embedding ``(E,)`` of an utterance."""
        return self._read(row, "embedding", self.path / EMBEDDINGS).float()

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
        return self._shard(row, folder).read(row.id, name, part)

    def _shard(self, row: Row, folder: Path) -> Shard:
        if row.shard is None:
            raise StoreError(f"{self.path}: utterance {row.id} was dropped and has no features")
        if self._owner != os.getpid():  # forked: the open files belong to the parent
            self._open, self._owner = OrderedDict(), os.getpid()
        file = shard_path(folder, row.shard)
        if file not in self._open:
            fetch_shard(file)
            self._open[file] = Shard(file)
            if len(self._open) > OPEN_SHARDS:
                self._open.popitem(last=False)
        self._open.move_to_end(file)
        return self._open[file]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_open": OrderedDict()}


def front_end_of(folder: Path) -> PlainData:
    """Return what the front end was that a finished folder was prepared with."""
    try:
        content = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
        return dict(content["settings"]["frontend"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise StoreError(f"{folder / FINISHED} is damaged ({_brief(error)})") from error


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
    except ContractError:
        raise
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{path} is damaged ({_brief(error)}); delete {path.parent} and prepare the corpus "
            "again"
        ) from error


def _brief(error: Exception) -> str:
    """Describe in few words what is wrong with a file's content."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error)[:200] or type(error).__name__


def to_half(mel: Tensor) -> Tensor:
    """Halve the size of a log mel; half precision keeps three digits after the point."""
    return mel.to(torch.float16)

"""Shards of a prepared corpus: safetensors files with a checksum of every tensor.

A tensor is named ``<id>/<feature>``. The checksums (CRC-32) are in the file's header, so that codes
and predicted mels have them too.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tts.errors import UserError
from tts.files import write_bytes

SHARD = 64  # utterances per shard; a kill loses at most the shards in work
ORIGIN = "origin.json"  # in the copy of a folder in object storage
CHECKSUMS = "crc32"  # key of the header


class StoreError(UserError):
    """A prepared corpus that is missing, unfinished or damaged."""


def shard_path(folder: Path, number: int) -> Path:
    return folder / "shards" / f"{number:05d}.safetensors"


def write_shard(path: Path, utterances: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write ``{id: {feature: tensor}}`` to one file, completely or not at all."""
    tensors = {
        f"{name}/{feature}": tensor.contiguous()
        for name, features in utterances.items()
        for feature, tensor in features.items()
    }
    checksums = {name: checksum(tensor) for name, tensor in tensors.items()}
    write_bytes(path, save(tensors, {CHECKSUMS: json.dumps(checksums)}))


def checksum(tensor: Tensor) -> int:
    """Return the CRC-32 of a contiguous tensor's bytes."""
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data) if tensor.numel() else 0


class Shard:
    """Lazy reader of one file. Raises StoreError naming the file and what is wrong with it.

    A tensor is compared with its checksum when all of it is read, and before the first slice of it
    in each process. Opened files are mapped into memory, so that the size is compared before every
    read: access to what was cut off would end the process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._size = path.stat().st_size
            self._file = safe_open(path, framework="pt")
            metadata = self._file.metadata() or {}
            self._checksums: dict[str, int] = json.loads(metadata[CHECKSUMS])
        except FileNotFoundError as error:
            raise StoreError(f"{path} is missing; {self._remedy()}") from error
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror or error})") from error
        except (SafetensorError, KeyError, ValueError, RecursionError) as error:
            raise StoreError(f"{path} is damaged; {self._remedy()}") from error
        self._verified: set[str] = set()

    def read(self, utterance: str, feature: str, part: slice | None = None) -> Tensor:
        """Read a feature of an utterance, or the entries ``part`` of it."""
        name = f"{utterance}/{feature}"
        self._require_size()
        try:
            if part is None:
                return self._verify(name, self._file.get_tensor(name))
            if name not in self._verified:
                self._verify(name, self._file.get_tensor(name))
                self._verified.add(name)
            return self._file.get_slice(name)[part]
        except SafetensorError as error:
            raise StoreError(
                f"{self.path} has no {feature} of utterance {utterance}; {self._remedy()}"
            ) from error

    def _verify(self, name: str, tensor: Tensor) -> Tensor:
        if checksum(tensor) != self._checksums.get(name):
            utterance, _, feature = name.rpartition("/")
            raise StoreError(
                f"{self.path} is damaged: the {feature} of utterance {utterance} is not what was "
                f"written; {self._remedy()}"
            )
        return tensor

    def _require_size(self) -> None:
        try:
            size = self.path.stat().st_size
        except OSError:  # removed since it was opened: what is mapped stays readable
            return
        if size < self._size:
            raise StoreError(f"{self.path} is damaged, it was cut off; {self._remedy()}")

    def _remedy(self) -> str:
        folder = self.path.parent.parent
        if (folder / ORIGIN).is_file():
            return "delete it, and it is copied again from object storage"
        return (
            f"delete it and {folder}/corpus.json, and run the same command again: only this shard "
            "is made again"
            if (folder / "corpus.json").is_file()
            else f"delete {folder} and run the same command again"
        )

"""Manifest of a prepared corpus: a row per utterance in ``manifest.jsonl``, read when asked for.

Beside it lies an index of the rows that were kept, in arrays that all processes of a machine map
into memory together, so that a corpus of any size opens at once:

- ``index.json``: size of the manifest that it belongs to, speakers, counts. Written last.
- ``index.npy``: a row's place in the manifest, frames, tokens, shard and speaker.
- ``index-train.npy``, ``index-validation.npy``: which rows of the index a split has.
- ``index-train-speakers.npy``, ``index-validation-speakers.npy``: the same rows, by speaker.

A folder without an index gets one when it is opened, or keeps it in memory where it is read-only.
"""

import hashlib
import json
import os
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from io import BytesIO
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, NamedTuple, get_args, get_type_hints, overload

import numpy as np
from numpy.lib.format import open_memmap

from tts.files import FileError, write_bytes, write_json, write_text
from tts.plain_data import PlainData

MANIFEST = "manifest.jsonl"
INDEX = "index.json"
SPLITS = ("train", "validation")
COLUMNS = np.dtype(
    [("offset", "i8"), ("frames", "i4"), ("tokens", "i4"), ("shard", "i4"), ("speaker", "i4")]
)


@dataclass
class Row:
    """One line of the manifest."""

    id: str
    text: str
    normalized: str
    phonemes: str  # symbols; SymbolTable.written, where some have several characters
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

    @classmethod
    def from_dict(cls, values: PlainData) -> "Row":
        """Rebuild a row from JSON. Raises ValueError naming the field that is wrong."""
        if not isinstance(values, dict):
            raise ValueError("it is not a row")
        known = {field.name for field in fields(cls)}
        row = cls(**{key: value for key, value in values.items() if key in known})
        for name, kinds in _row_types().items():
            if not isinstance(getattr(row, name), kinds):
                raise ValueError(f"{name}={getattr(row, name)!r}")
        if row.kept and (row.frames < 1 or row.tokens < 0 or row.shard is None):
            raise ValueError(f"frames={row.frames}, tokens={row.tokens}, shard={row.shard}")
        return row


@cache
def _row_types() -> dict[str, tuple[type, ...]]:
    """Return what each field of a row may be, as JSON reads it: a whole number may be a float."""
    found = {}
    for name, hint in get_type_hints(Row).items():
        kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        found[name] = (*kinds, int) if float in kinds else kinds
    return found


def row_dict(row: Row) -> PlainData:
    return asdict(row)


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object per line, completely or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_rows(path: Path) -> list[PlainData]:
    """Read one JSON object per line. Raises ValueError for what is not JSON."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class _Index(NamedTuple):
    """Index of a manifest; arrays are mapped into memory where they are files."""

    facts: PlainData  # content of index.json
    columns: np.ndarray  # (R,) of COLUMNS, the kept rows
    splits: Mapping[str, np.ndarray]  # (rows of the split,) int32, numbers of kept rows
    sorted: Mapping[str, np.ndarray]  # the same, stably sorted by speaker


class Manifest(Sequence[Row]):
    """The kept rows of a prepared corpus, in order. Picklable: the files are opened again."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError, and ValueError, TypeError or LookupError for a damaged manifest."""
        self.path = folder / MANIFEST
        self._index = _load_index(folder) or _make_index(folder)
        self._speaker_numbers = {name: n for n, name in enumerate(self._index.facts["speakers"])}
        self._file: BinaryIO | None = None
        self._owner = 0

    @property
    def speakers(self) -> frozenset[str]:
        return frozenset(self._index.facts["speakers"])

    @property
    def lines(self) -> int:
        """Rows of the manifest, dropped ones included."""
        return int(self._index.facts["lines"])

    @property
    def frames(self) -> np.ndarray:
        """``(R,)`` int32, mel frames of every row."""
        return self._index.columns["frames"]

    @property
    def tokens(self) -> np.ndarray:
        """``(R,)`` int32, tokens of every row."""
        return self._index.columns["tokens"]

    def split(self, name: str | None) -> np.ndarray:
        """Return the numbers of a split's rows, int32; None = of all rows."""
        return np.arange(len(self), dtype=np.int32) if name is None else self._index.splits[name]

    def split_of(self, name: str | None, speakers: Collection[str] | None) -> np.ndarray:
        """Return the numbers of a split's rows that ``speakers`` said, int32; None: anybody."""
        numbers = self.split(name)
        if speakers is None or self.speakers <= set(speakers):
            return numbers
        wanted = [n for name, n in self._speaker_numbers.items() if name in speakers]
        return numbers[np.isin(self._index.columns["speaker"][numbers], wanted)]

    def speaker(self, number: int) -> str:
        """Return the speaker of a row, without reading it."""
        return str(self._index.facts["speakers"][self._index.columns["speaker"][number]])

    def speakers_of(self, numbers: np.ndarray, known: Sequence[str]) -> np.ndarray:
        """Return for each row the number of its speaker among ``known``, int32, -1 = none of it."""
        places = {name: place for place, name in enumerate(known)}
        table = [places.get(name, -1) for name in self._index.facts["speakers"]]
        return np.array(table, np.int32)[self._index.columns["speaker"][numbers]]

    def of_speaker(self, name: str, split: str | None) -> np.ndarray:
        """Return the numbers of a speaker's rows in a split (None = all), in order, int32."""
        column = self._index.columns["speaker"]
        if name not in self._speaker_numbers:
            return np.empty(0, np.int32)
        if split is None:
            return np.flatnonzero(column == self._speaker_numbers[name]).astype(np.int32)
        rows, speaker = self._index.sorted[split], self._speaker_numbers[name]
        ends = (bisect_left(rows, each, key=column.__getitem__) for each in (speaker, speaker + 1))
        return rows[slice(*ends)]

    def digest(self, split: str) -> str:
        """Return a hash of a split's content, whatever its speakers are called."""
        return str(self._index.facts["digests"][split])

    def by_shard(self) -> dict[int, np.ndarray]:
        """Return the row numbers of each shard."""
        shards = self._index.columns["shard"]
        order = np.argsort(shards, kind="stable")
        numbers, starts = np.unique(shards[order], return_index=True)
        return dict(zip(numbers.tolist(), np.split(order, starts[1:]), strict=True))

    def __len__(self) -> int:
        return len(self._index.columns)

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> list[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | list[Row]:
        """Read a row. Raises ValueError where its line is damaged."""
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        file = self._open()
        file.seek(int(self._index.columns["offset"][number]))
        return Row.from_dict(json.loads(file.readline()))

    def __iter__(self) -> Iterator[Row]:
        for number in range(len(self)):
            yield self[number]

    def _open(self) -> BinaryIO:
        if self._file is None or self._owner != os.getpid():  # after a fork: its place is shared
            self._file, self._owner = self.path.open("rb"), os.getpid()
        return self._file

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"].parent)  # type: ignore[misc]


def _load_index(folder: Path) -> _Index | None:
    """Map the index of a folder into memory; None where there is none of this manifest."""
    try:
        facts = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if facts["bytes"] != (folder / MANIFEST).stat().st_size:
            return None
        columns = open_memmap(folder / "index.npy", mode="r")
        parts = [
            {name: open_memmap(folder / f"index-{name}{of}.npy", mode="r") for name in SPLITS}
            for of in ("", "-speakers")
        ]
        whole = columns.dtype == COLUMNS and len(columns) == facts["kept"]
        return _Index(facts, columns, *parts) if whole else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _make_index(folder: Path) -> _Index:
    """Read and check all rows, and write their index if the folder can be written."""
    columns = {name: array("q") for name in COLUMNS.names or ()}
    splits = {name: array("i") for name in SPLITS}
    digests = {name: hashlib.sha256() for name in SPLITS}
    speakers: dict[str, int] = {}  # by first row
    lines = offset = 0
    with (folder / MANIFEST).open("rb") as file:
        for line in file:
            row = Row.from_dict(json.loads(line))
            if row.kept:
                speaker = speakers.setdefault(row.speaker, len(speakers))
                values = (offset, row.frames, row.tokens, row.shard, speaker)
                for name, value in zip(columns, values, strict=True):
                    columns[name].append(value or 0)
                if row.split in splits:
                    splits[row.split].append(len(columns["offset"]) - 1)
                    content = f"{row.id}|{row.phonemes}|{row.frames}\n"
                    digests[row.split].update(content.encode())
            lines, offset = lines + 1, offset + len(line)
    table = np.empty(len(columns["offset"]), COLUMNS)
    for name, numbers in columns.items():
        table[name] = numbers
    names = sorted(speakers)
    rank = np.empty(len(names), np.int32)  # in order of name, of the order of appearance
    rank[[speakers[name] for name in names]] = np.arange(len(names))
    table["speaker"] = rank[table["speaker"]]
    facts: PlainData = {
        "bytes": offset,
        "lines": lines,
        "kept": len(table),
        "speakers": names,
        "digests": {name: value.hexdigest()[:16] for name, value in digests.items()},
    }
    parts = {name: np.array(rows, np.int32) for name, rows in splits.items()}
    by_speaker = {name: by_speakers(rows, table["speaker"]) for name, rows in parts.items()}
    files = {f"index-{name}": rows for name, rows in parts.items()}
    files |= {f"index-{name}-speakers": rows for name, rows in by_speaker.items()}
    try:
        for name, each in {"index": table, **files}.items():
            file_content = BytesIO()
            np.save(file_content, each)
            write_bytes(folder / f"{name}.npy", file_content.getvalue())
        write_json(folder / INDEX, facts)
    except (OSError, FileError):  # a read-only folder
        return _Index(facts, table, parts, by_speaker)
    return _load_index(folder) or _Index(facts, table, parts, by_speaker)


def by_speakers(rows: np.ndarray, speaker: np.ndarray) -> np.ndarray:
    """Return row numbers sorted by the speakers of all rows, else in their order."""
    return rows[np.argsort(speaker[rows], kind="stable")]

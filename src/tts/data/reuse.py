"""Acoustics that earlier preparations extracted, found by their keys.

A prepared folder keeps in ``extracted.jsonl`` what was found in every recording, beside the shards
with the features. A corpus whose texts, speakers or later settings changed gets a new folder, and
the features of its recordings are copied from the old one.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tts.data.acoustics import Acoustics, Sums
from tts.data.shards import Shard, StoreError, shard_path
from tts.plain_data import PlainData

FEATURES = ("mel", "pitch", "energy", "audio")
EXTRACTED = "extracted.jsonl"  # in a prepared folder
# what reading a damaged or unreadable file raises
DAMAGED = (OSError, ValueError, LookupError, TypeError, RecursionError)
_START = '{"key": "'


class Place(NamedTuple):
    """Where the acoustics of a key are."""

    shard: Path
    state: PlainData  # of the utterance, without its features


def find_acoustics(directory: Path, keys: Iterable[str | None]) -> dict[str, Place]:
    """Search the prepared folders in ``directory``, unfinished ones too, for ``keys``."""
    wanted = {key for key in keys if key is not None}
    found: dict[str, Place] = {}
    if not wanted:
        return found
    for file in sorted([*directory.glob(f"*/{EXTRACTED}"), *directory.glob("*/shards/*.jsonl")]):
        folder = file.parent if file.name == EXTRACTED else file.parents[1]
        # a damaged or unreadable file only costs extracting again
        with suppress(*DAMAGED), file.open("rb") as lines:
            for line in map(bytes.decode, lines):
                key = line[len(_START) :].partition('"')[0] if line.startswith(_START) else None
                if key not in wanted or key in found:
                    continue
                state = json.loads(line)
                if state["acoustics"] is None:
                    continue
                shard = shard_path(folder, state["row"]["shard"])
                if shard.is_file():
                    found[str(key)] = Place(shard, state)
    return found


class AcousticsReader:
    """Reads what :func:`find_acoustics` found."""

    def __init__(self, places: dict[str, Place]) -> None:
        self._places = places
        self._open: dict[Path, Shard] = {}

    def read(self, key: str | None) -> Acoustics | None:
        """Return the acoustics of ``key``; None where there are none or they are damaged."""
        place = self._places.get(key) if key is not None else None
        if place is None:
            return None
        try:
            if place.shard not in self._open:
                self._open[place.shard] = Shard(place.shard)
            name, values = place.state["row"]["id"], place.state["acoustics"]
            features = {f: self._open[place.shard].read(name, f).clone() for f in FEATURES}
            return Acoustics(**{**values, "sums": Sums(**values["sums"])}, features=features)
        except (StoreError, ValueError, LookupError, TypeError):
            return None

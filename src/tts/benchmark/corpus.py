"""Start of a training on a very large prepared corpus, simulated by its index alone."""

import json
import multiprocessing
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap

from tts.benchmark.report import Goal, Section
from tts.child_processes import end_with_parent, this_process
from tts.contract import MelContract
from tts.corpus import CorpusFacts
from tts.data.dataset import SpeechDataset
from tts.data.manifest import (
    COLUMNS,
    INDEX,
    MANIFEST,
    SPLITS,
    Manifest,
    Row,
    by_speakers,
    row_dict,
)
from tts.data.references import References
from tts.data.sampler import FrameBudgetSampler
from tts.data.shards import SHARD
from tts.data.store import PreparedCorpus

SPEAKERS = 10_000
RANKS = 8  # of a node
BUDGET = 60_000  # frames of a batch
GIB = 2**30
PART = 2**20  # rows that are drawn together


class CorpusRow(NamedTuple):
    """Cost of one of several ranks, which map the same index."""

    utterances: int
    hours: float
    index_gib: float  # mapped once by all ranks of a machine
    open_seconds: float
    sampler_seconds: float
    epoch_seconds: float  # until the first batch of a shuffled epoch
    reference_seconds: float  # for the references of the first batch
    private_gib: float  # memory of one rank beyond the index, at most
    node_gib: float  # index and 8 ranks


def benchmark_corpus(utterances: int) -> Section:
    """Open an index of so many utterances as one of eight ranks, and begin an epoch."""
    with TemporaryDirectory() as folder:
        write_index(Path(folder), utterances)
        # a process of its own: no freed memory can be reused
        with multiprocessing.get_context("spawn").Pool(
            1, end_with_parent, (this_process(),)
        ) as pool:
            row = pool.apply(_begin_epoch, (folder,))
    seconds = row.open_seconds + row.sampler_seconds + row.epoch_seconds
    seconds += row.reference_seconds
    goals = [Goal("start in s", seconds, 60.0), Goal("GiB of a node", row.node_gib, 4.0)]
    return Section("corpus", f"Corpus of {utterances:,} utterances, {RANKS} ranks", [row], goals)


def write_index(folder: Path, utterances: int) -> None:
    """Write an index of kept rows, which all point to the one line of the manifest."""
    row = Row("a", "a", "a", " a ", "0", "en", 7.2, 620, 90, True, None, "train", 0)
    (folder / MANIFEST).write_text(json.dumps(row_dict(row)) + "\n")
    held_out = min(1000, utterances // 10)
    columns = open_memmap(folder / "index.npy", "w+", COLUMNS, (utterances,))
    generator = np.random.default_rng(1)
    for start in range(0, utterances, PART):
        part = columns[start : start + PART]
        part["offset"], part["tokens"] = 0, 90
        part["frames"] = np.clip(generator.lognormal(6.3, 0.5, len(part)), 50, 1700)
        part["shard"] = np.arange(start, start + len(part)) // SHARD
        part["speaker"] = generator.integers(SPEAKERS, size=len(part))
    columns.flush()
    counts = {"train": (held_out, utterances), "validation": (0, held_out)}
    for name, (first, last) in counts.items():
        rows = np.arange(first, last, dtype=np.int32)
        np.save(folder / f"index-{name}.npy", rows)
        np.save(folder / f"index-{name}-speakers.npy", by_speakers(rows, columns["speaker"]))
    facts = {
        "bytes": (folder / MANIFEST).stat().st_size, "lines": utterances, "kept": utterances,
        "speakers": list(map(str, range(SPEAKERS))), "digests": dict.fromkeys(SPLITS, ""),
    }  # fmt: skip
    (folder / INDEX).write_text(json.dumps(facts))


def _begin_epoch(folder: str) -> CorpusRow:
    """Do what a rank does before its first step."""
    before = _private_gib()
    start = time.perf_counter()
    rows = Manifest(Path(folder))
    lengths = rows.frames[rows.split("train")]
    opened = time.perf_counter()
    sampler = FrameBudgetSampler(lengths, BUDGET, ranks=RANKS)
    made = time.perf_counter()
    after_start = _private_gib()
    first = next(iter(sampler))
    rows[first[0]]
    begun = time.perf_counter()
    part = SpeechDataset([PreparedCorpus(Path(folder), _facts(), rows)], "train", _facts())
    references = References(part, longest=500)
    for index in first:
        references.choose(part, index)
    referenced = time.perf_counter()
    private = max(after_start, _private_gib()) - before
    mapped = sum(path.stat().st_size for path in Path(folder).glob("index*")) / GIB
    return CorpusRow(
        len(rows),
        float(lengths.sum(dtype=np.int64)) * 256 / 22050 / 3600,
        mapped,
        opened - start,
        made - opened,
        begun - made,
        referenced - begun,
        private,
        mapped + RANKS * private,
    )


def _facts() -> CorpusFacts:
    return CorpusFacts(MelContract(), (), (), (), (), (), 0.0, 1.0)


def _private_gib() -> float:
    """Return the memory that this process shares with no other; 0 where Linux does not tell."""
    path = Path("/proc/self/smaps_rollup")
    if not path.exists():
        return 0.0
    lines = (line.split() for line in path.read_text().splitlines()[1:])
    return sum(int(line[1]) for line in lines if line[0] == "Private_Dirty:") / 2**20

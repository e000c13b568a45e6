"""Codec codes of a prepared corpus: made once per codec, kept in its folder.

A prepared corpus holds one folder ``codes-<key>`` per codec, with ``shards/`` like its own and
``codec.json``, the codec's contract, which is written last. The key is a hash of the contract, so
another codec makes new codes and leaves mels, pitch and energy as they are.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import torch
from torch import Tensor

from tts.data.manifest import Row
from tts.data.progress import shard_progress
from tts.data.remote import make_or_fetch, origin_of_part
from tts.data.store import (
    CODEC,
    PreparedCorpus,
    codes_folder,
    shard_path,
    write_shard,
)
from tts.errors import UserError
from tts.files import make_folder, write_json
from tts.vocoders.codec import Codec

_Job = tuple[int, list[Row]]  # number of a shard, its utterances


def prepare_codes(folder: Path, codec: Codec, progress: bool = True, workers: int = 0) -> None:
    """Encode the recordings of the prepared corpus in ``folder``, unless it has the codec's codes.

    Running again after a kill continues at the last finished shard. ``workers``: threads that
    encode. Raises UserError when the corpus has another sample rate than the codec.
    """
    corpus = PreparedCorpus.open(folder)
    rate = corpus.facts.contract.sample_rate
    if rate != codec.sample_rate:
        raise UserError(
            f"data.codec: {type(codec).__name__} encodes audio of {codec.sample_rate} Hz, and the "
            f"corpus is prepared at {rate} Hz. Set audio.sample_rate={codec.sample_rate} or use a "
            "codec of the corpus's sample rate"
        )
    target = codes_folder(folder, codec.contract)
    encoder = _Encoder(corpus, target, codec, Lock())
    work = partial(_encode_corpus, encoder, progress, workers)
    make_or_fetch(target, CODEC, work, origin_of_part(target))


class _Encoder(NamedTuple):
    corpus: PreparedCorpus
    target: Path  # folder of the codes
    codec: Codec
    lock: Lock

    def shard(self, job: _Job) -> int:
        """Write the codes of a shard; return its number."""
        number, rows = job
        codes = {row.id: {"codes": self._codes(row)} for row in rows}
        write_shard(shard_path(self.target, number), codes)
        return number

    def _codes(self, row: Row) -> Tensor:
        """``(T, K)`` codes of one utterance, T = ceil(S / hop of the codec)."""
        with self.lock:  # the corpus keeps a few files open
            audio = self.corpus.read_audio(row)
        with torch.inference_mode():
            codes = self.codec.encode(audio[None])[0]
        return codes.to(torch.int16 if self.codec.codebook_size <= 2**15 else torch.int32)


def _encode_corpus(encoder: _Encoder, progress: bool, workers: int) -> None:
    corpus, target, codec, _ = encoder
    make_folder(target / "shards")
    shards = corpus.rows.by_shard()
    jobs = [
        (number, [corpus.rows[int(place)] for place in places])
        for number, places in shards.items()
        if not shard_path(target, number).is_file()
    ]
    finished = _run(encoder, jobs, workers)
    name = f"codes of {corpus.path.name}"
    for _ in shard_progress(finished, name, len(shards), len(jobs)) if progress else finished:
        pass
    write_json(target / CODEC, codec.contract.to_dict())


def _run(encoder: _Encoder, jobs: list[_Job], workers: int) -> Iterator[int]:
    """Yield shard numbers as they are finished."""
    if workers < 2:
        yield from map(encoder.shard, jobs)
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=partial(torch.set_num_threads, 1))
    try:  # torch computes without Python's lock
        yield from pool.map(encoder.shard, jobs)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)

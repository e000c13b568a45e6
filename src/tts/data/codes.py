"""Codec codes of a prepared corpus: made once per codec, kept in its folder.

A prepared corpus holds one folder ``codes-<key>`` per codec, with ``shards/`` like its own and
``codec.json``, the codec's contract, which is written last. The key is a hash of the contract, so
another codec makes new codes and leaves mels, pitch and energy as they are.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from tts.data.progress import shard_progress
from tts.data.run_once import run_once
from tts.data.store import (
    CODEC,
    PreparedCorpus,
    Row,
    codes_folder,
    shard_path,
    write_shard,
)
from tts.errors import UserError
from tts.files import make_folder, write_json
from tts.vocoders.codec import Codec


def prepare_codes(folder: Path, codec: Codec, progress: bool = True) -> None:
    """Encode the recordings of the prepared corpus in ``folder``, unless it has the codec's codes.

    Running again after a kill continues at the last finished shard. Raises UserError when the
    corpus has another sample rate than the codec.
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
    run_once(target, target / CODEC, partial(_encode_corpus, corpus, target, codec, progress))


def _encode_corpus(corpus: PreparedCorpus, target: Path, codec: Codec, progress: bool) -> None:
    make_folder(target / "shards")
    shards = corpus.rows.by_shard()
    todo = [number for number in shards if not shard_path(target, number).is_file()]

    def encode() -> Iterator[int]:
        for number in todo:
            rows = [corpus.rows[int(place)] for place in shards[number]]
            codes = {row.id: {"codes": _encode(corpus, row, codec)} for row in rows}
            write_shard(shard_path(target, number), codes)
            yield number

    name = f"codes of {corpus.path.name}"
    for _ in shard_progress(encode(), name, len(shards), len(todo)) if progress else encode():
        pass
    write_json(target / CODEC, codec.contract.to_dict())


def _encode(corpus: PreparedCorpus, row: Row, codec: Codec) -> Tensor:
    """``(T, K)`` codes of one utterance, T = ceil(S / hop of the codec)."""
    with torch.inference_mode():
        codes = codec.encode(corpus.read_audio(row)[None])[0]
    return codes.to(torch.int16 if codec.codebook_size <= 2**15 else torch.int32)

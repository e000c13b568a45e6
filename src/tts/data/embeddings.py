"""Speaker embeddings of a prepared corpus, by the bundled encoder, kept in its folder."""

from functools import partial
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor

from tts.data.added_features import write_feature
from tts.data.remote import make_or_fetch, origin_of_part
from tts.data.store import EMBEDDINGS, ENCODER, PreparedCorpus, Row
from tts.files import write_json


def prepare_embeddings(folder: Path, progress: bool = True) -> None:
    """Embed the recordings of the prepared corpus in ``folder``, unless it has embeddings.

    Running again after a kill continues at the last finished shard.
    """
    corpus = PreparedCorpus.open(folder)
    target = folder / EMBEDDINGS
    work = partial(_embed_corpus, corpus, target, progress)
    make_or_fetch(target, ENCODER, work, origin_of_part(target))


def _embed_corpus(corpus: PreparedCorpus, target: Path, progress: bool) -> None:
    write_feature(corpus, target, "embedding", partial(_embed, corpus), progress)
    write_json(target / ENCODER, {"encoder": EMBEDDINGS})


def _embed(corpus: PreparedCorpus, row: Row) -> Tensor:
    """``(256,)`` embedding of one utterance."""
    from tts.speakers.bundled import ENCODER_RATE, embed_speaker

    rate = corpus.facts.contract.sample_rate
    speech = soxr.resample(corpus.read_audio(row).numpy(), rate, ENCODER_RATE)
    return torch.from_numpy(embed_speaker(np.asarray(speech, np.float32)).copy())

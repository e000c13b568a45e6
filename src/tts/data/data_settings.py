"""Settings of preparing and reading corpora; every field is a key under ``data``."""

from typing import Annotated, NamedTuple

from tts.bounds import Count, Length, Positive, Processes, Seed, Share
from tts.data.clips import ClipSettings
from tts.data.prepare_settings import PrepareSettings


class DataSettings(NamedTuple):
    """How corpora are prepared and read."""

    prepared_dir: str = "prepared"  # holds a folder per prepared corpus; folder or URL
    prepare: PrepareSettings = PrepareSettings()
    prepare_workers: Processes = 2  # processes that prepare; 0 = this process itself
    codec: str | None = None  # voice or run whose codec makes Batch.codes; None = no codes
    embeddings: bool = False  # add a speaker embedding of every utterance
    unseen_speakers: Count | Annotated[list[str], Length()] | None = (
        None  # left out: how many, or who
    )
    balance: Share = 0.0  # 0 = every utterance once per epoch; 1 = as much speech of every speaker
    reference_seconds: Positive = 6.0  # longest reference of a training utterance
    frames_per_batch: Count = 6000  # utterances x longest, padding included
    workers: Processes = 1  # processes that read
    prefetch: Count = 4  # batches that each of them reads ahead
    seed: Seed = 1  # of the batches
    clips: ClipSettings | None = None  # batches are Clips, cut so; None = complete utterances
    mel_from: str | None = None  # acoustic run that makes the clips' mels; None = the recordings'
    cache_dir: str = "prepared"  # holds copies of prepared corpora in object storage

"""The scores of one clip, in a process of its own."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch

from tts.audio.mel import MelContract, mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.metrics.f0 import pitch_errors
from tts.metrics.intelligibility import Recogniser, count_errors
from tts.metrics.mcd import mel_cepstra, mel_cepstral_distortion
from tts.metrics.missing import MissingPackage, say_once
from tts.metrics.mos import dnsmos
from tts.metrics.pesq import pesq
from tts.metrics.warp import warp

NAN = math.nan


class Score(NamedTuple):
    """What one clip gets; nan for what could not be measured."""

    heard: str
    word_errors: float
    words: float
    character_errors: float
    characters: float
    overall: float
    p808: float
    pesq: float = NAN
    mcd: float = NAN
    f0_rmse: float = NAN
    f0_correlation: float = NAN
    voicing_error: float = NAN


class Job(NamedTuple):
    """A clip to be scored."""

    wave: np.ndarray  # (S,)
    contract: MelContract
    text: str
    language: str
    reference: np.ndarray | None = None  # (S',) the recording of the sentence
    copy: bool = False  # of the reference, sample for sample


_scorer: dict[str, Any] = {}


def prepare_scorer(texts: list[str]) -> None:
    """Once per process: load the recogniser, or say that it is not there."""
    torch.set_num_threads(1)  # the processes are the parallelism
    _scorer["recogniser"] = None
    try:
        if texts:
            _scorer["recogniser"] = Recogniser(texts)
    except MissingPackage as error:
        say_once(f"word error is left out: {error}")


def score(job: Job) -> Score:
    """Its scores. Silence around is cut alike from every clip."""
    rate = job.contract.sample_rate
    wave = trim(job.wave, rate)
    heard, errors = "", (NAN, NAN, NAN, NAN)
    if not job.language.startswith("en"):
        say_once(f"word error is left out for {job.language}: the recogniser hears English alone")
    elif job.text and (recogniser := _scorer["recogniser"]) is not None:
        heard = recogniser(wave, rate)
        found = count_errors(job.text, heard)
        errors = (found.words, found.of_words, found.characters, found.of_characters)
    overall, p808 = NAN, NAN
    try:
        overall, p808 = dnsmos(wave, rate)
    except MissingPackage as error:
        say_once(f"predicted opinion is left out: {error}")
    return Score(heard, *errors, overall, p808, *likeness(job))


def likeness(job: Job) -> tuple[float, ...]:
    """PESQ, mel-cepstral distortion and the pitch errors against the recording; nan without it."""
    if job.reference is None:
        return (NAN,) * 5
    takes = (job.wave, job.reference)
    opinion = None
    if job.copy:
        opinion = pesq(job.reference, job.wave, job.contract.sample_rate)
    else:
        takes = tuple(trim(wave, job.contract.sample_rate) for wave in takes)  # type: ignore[assignment]
    mels = [mel_spectrogram(torch.from_numpy(wave), job.contract).numpy() for wave in takes]
    pitches = [estimate_pitch(wave, job.contract) for wave in takes]
    if job.copy:
        count = min(map(len, mels))
        pairs = np.stack([np.arange(count)] * 2, axis=1)
    else:
        pairs = warp(*map(mel_cepstra, mels))
    distortion = mel_cepstral_distortion(mels[0], mels[1], pairs)
    return (
        NAN if opinion is None else opinion,
        distortion,
        *pitch_errors(pitches[0], pitches[1], pairs),
    )


def trim(wave: np.ndarray, rate: int, db: float = 40.0, margin: float = 0.1) -> np.ndarray:
    """Cut what is ``db`` below the loudest 20 ms at both ends, leaving ``margin`` seconds."""
    size = int(0.02 * rate)
    loudness = np.sqrt((np.pad(wave, (0, -len(wave) % size)).reshape(-1, size) ** 2).mean(1))
    if loudness.max() < 1e-5:
        return wave
    loud = np.flatnonzero(loudness > loudness.max() * 10 ** (-db / 20))
    keep = int(margin * rate)
    return wave[max(loud[0] * size - keep, 0) : (loud[-1] + 1) * size + keep]

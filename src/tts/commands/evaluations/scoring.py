"""The scores of one clip, in a process of its own."""

import math
from typing import Any, NamedTuple

import numpy as np

from tts.metrics.intelligibility import Recogniser, count_errors
from tts.metrics.missing import MissingPackage, say_once
from tts.metrics.mos import dnsmos
from tts.metrics.pesq import pesq

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
    pesq: float


class Job(NamedTuple):
    """A clip to be scored."""

    wave: np.ndarray  # (S,)
    rate: int  # Hz
    text: str
    language: str
    original: np.ndarray | None = None  # what it copies, sample for sample


_scorer: dict[str, Any] = {}


def prepare_scorer(texts: list[str]) -> None:
    """Once per process: load the recogniser, or say that it is not there."""
    import torch

    torch.set_num_threads(1)  # the processes are the parallelism
    _scorer["recogniser"] = None
    try:
        if texts:
            _scorer["recogniser"] = Recogniser(texts)
    except MissingPackage as error:
        say_once(f"word error is left out: {error}")


def score(job: Job) -> Score:
    """Its scores. Silence around is cut alike from every clip."""
    wave, rate = trim(job.wave, job.rate), job.rate
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
    likeness = None if job.original is None else pesq(job.original, job.wave, rate)
    return Score(heard, *errors, overall, p808, NAN if likeness is None else likeness)


def trim(wave: np.ndarray, rate: int, db: float = 40.0, margin: float = 0.1) -> np.ndarray:
    """Cut what is ``db`` below the loudest 20 ms at both ends, leaving ``margin`` seconds."""
    size = int(0.02 * rate)
    loudness = np.sqrt((np.pad(wave, (0, -len(wave) % size)).reshape(-1, size) ** 2).mean(1))
    if loudness.max() < 1e-5:
        return wave
    loud = np.flatnonzero(loudness > loudness.max() * 10 ** (-db / 20))
    keep = int(margin * rate)
    return wave[max(loud[0] * size - keep, 0) : (loud[-1] + 1) * size + keep]

"""What is compared: clips of several systems, scored side by side."""

import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from tts.audio.mel import MelContract, mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.commands.evaluations.scoring import Job, Score, prepare_scorer, score
from tts.metrics.bootstrap import Estimate, mean, ratio
from tts.metrics.f0 import f0_spread
from tts.metrics.global_variance import global_variance


class Clip(NamedTuple):
    """One system's version of one sentence."""

    system: str
    id: str
    text: str
    language: str
    wave: np.ndarray  # (S,)
    reference: np.ndarray | None = None  # (S',) the recording of the sentence
    copy: bool = False  # of the reference, sample for sample


def score_all(
    clips: list[Clip], texts: list[str], contract: MelContract, workers: int
) -> list[Score]:
    """Each clip's scores, over processes, with a progress bar."""
    from rich.console import Console
    from rich.progress import track

    jobs = [Job(c.wave, contract, c.text, c.language, c.reference, c.copy) for c in clips]
    console = Console(stderr=True)
    if workers < 2:
        prepare_scorer(texts)
        return [score(job) for job in track(jobs, "scoring", console=console)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, prepare_scorer, (texts,)) as pool:
        return list(track(pool.map(score, jobs), "scoring", len(jobs), console=console))


def summarise(
    clips: list[Clip], scores: list[Score], system: str, contract: MelContract, seed: int
) -> dict[str, Estimate]:
    """One row of the table: estimates with their 95 % intervals; what was not measured is nan."""
    recordings = clips[0].system
    pairs = [(c, s) for c, s in zip(clips, scores, strict=True) if c.system == system]
    mine = [s for _, s in pairs]
    mels = {
        name: [mel_spectrogram(torch.from_numpy(c.wave), contract).numpy() for c in clips
               if c.system == name]
        for name in {system, recordings}
    }  # fmt: skip
    variance = global_variance(mels[system], mels[recordings])
    spreads = [f0_spread(estimate_pitch(c.wave, contract)) for c, _ in pairs]
    return {
        "wer": ratio([s.word_errors for s in mine], [s.words for s in mine], seed),
        "cer": ratio([s.character_errors for s in mine], [s.characters for s in mine], seed),
        "p808": mean([s.p808 for s in mine], seed),
        "overall": mean([s.overall for s in mine], seed),
        "pesq": mean([s.pesq for s in mine], seed),
        "mcd": mean([s.mcd for s in mine], seed),
        "f0_rmse": mean([s.f0_rmse for s in mine], seed),
        "f0_correlation": mean([s.f0_correlation for s in mine], seed),
        "voicing_error": mean([s.voicing_error for s in mine], seed),
        "global_variance": Estimate(variance, math.nan, math.nan),
        "f0_spread": mean(spreads, seed),
    }

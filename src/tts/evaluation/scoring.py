"""The rows of every take, over processes, with a progress bar."""

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from tts.audio.mel import MelContract
from tts.evaluation.systems import EvaluationSentence, Spoken
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import ASRError
from tts.metrics.measure import Measure, Row, score
from tts.metrics.optional_packages import collect, handed_over, say_once


class Scored(NamedTuple):
    """One system's version of one sentence."""

    system: str
    sentence: EvaluationSentence
    rows: dict[str, Row | None]  # by measure
    heard: str  # by the recognizer, "" without one


class Job(NamedTuple):
    """A sentence: who says it how, the recording first where there is one."""

    sentence: EvaluationSentence
    contract: MelContract
    waves: list[tuple[str, np.ndarray, bool]]  # system, samples, aligned
    recorded: bool


_worker: dict[str, Measure] = {}


class Scorer:
    """A context manager that scores, in ``workers`` processes if more than one.

    They load their networks and the recognizer as soon as it is entered, so that what is to be
    scored can be made meanwhile. ``texts``: what may be said, for the recognizer.
    """

    def __init__(self, measures: Mapping[str, Measure], texts: list[str], workers: int) -> None:
        self.measures, self.texts = dict(measures), texts
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Scorer":
        if self.workers > 1:
            context = multiprocessing.get_context("spawn")
            settings = (self.measures, self.texts)
            self._pool = ProcessPoolExecutor(self.workers, context, _begin_worker, settings)
            self._pool.submit(int)  # wakes all of them
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __call__(self, spoken: Spoken, contract: MelContract) -> list[Scored]:
        """EvaluationSentence by sentence, in each the systems in their order."""
        from rich.console import Console
        from rich.progress import track

        jobs = _jobs(spoken, contract)
        console = Console(stderr=True)
        if self._pool is None:
            begin(self.measures, self.texts)
            return [s for job in track(jobs, "scoring", console=console) for s in score_job(job)]
        done = self._pool.map(_score_job_for_another, jobs)
        found: list[Scored] = []
        for scores, untold in track(done, "scoring", len(jobs), console=console):
            found += scores
            for message in untold:  # once, whichever processes met it
                say_once(message)
        return found


def _jobs(spoken: Spoken, contract: MelContract) -> list[Job]:
    jobs = []
    for number, sentence in enumerate(spoken.sentences):
        waves = [
            (system.name, wave, system.aligned)
            for system in spoken.systems
            if (wave := system.waves[number]) is not None
        ]
        recorded = spoken.recorded and bool(waves) and waves[0][0] == spoken.systems[0].name
        jobs.append(Job(sentence, contract, waves, recorded))
    return jobs


def begin(measures: Mapping[str, Measure], texts: list[str]) -> None:
    """Once per process."""
    _worker.clear()
    _worker.update(measures)
    for measure in measures.values():
        measure.prepare(texts)


def _begin_worker(measures: Mapping[str, Measure], texts: list[str]) -> None:
    torch.set_num_threads(1)  # the processes are the parallelism
    collect()
    begin(measures, texts)


def _score_job_for_another(job: Job) -> tuple[list[Scored], list[str]]:
    return score_job(job), handed_over()


def score_job(job: Job) -> list[Scored]:
    """Every system's rows; what the recording gives is worked out once."""
    scores = []
    reference: EvaluationSample | None = None
    for system, wave, aligned in job.waves:
        sentence = job.sentence
        take = EvaluationSample(
            wave, job.contract, sentence.text, sentence.language, reference, aligned
        )
        if job.recorded and reference is None:
            reference = take
        rows = score(take, _worker)
        scores.append(Scored(system, sentence, rows, _heard(take)))
    return scores


def _heard(take: EvaluationSample) -> str:
    for measure in _worker.values():
        if isinstance(measure, ASRError):
            return measure.words(take)
    return ""

"""Scoring of all waveforms with all measures, in parallel, with a progress bar."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from tts.child_processes import WorkerPool, usable_workers
from tts.contract import MelContract
from tts.evaluation.systems import EvaluationSentence, EvaluationSet
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import ASRError
from tts.metrics.measure import Measure, Statistics, score_sample
from tts.warnings_once import defer_warnings, take_warnings, warn_once


class SentenceScore(NamedTuple):
    """The scores of one system on one sentence."""

    system: str
    sentence: EvaluationSentence
    statistics: dict[str, Statistics | None]  # by measure
    transcript: str  # of the recognizer, "" without one


class SentenceJob(NamedTuple):
    """One sentence in all systems; the recording comes first, if there is one."""

    sentence: EvaluationSentence
    contract: MelContract
    waves: list[tuple[str, np.ndarray, bool]]  # system, samples, aligned
    has_recording: bool


_measures: dict[str, Measure] = {}  # of this process


class Scorer:
    """Context manager that scores in ``workers`` processes, or in this one if there is one.

    The workers load their networks as soon as the context is entered, while the caller still
    synthesizes. ``texts``: all texts of the corpus, for the recognizer.
    """

    def __init__(self, measures: Mapping[str, Measure], texts: list[str], workers: int) -> None:
        self.measures, self.texts = dict(measures), texts
        self.workers = workers
        self._pool: WorkerPool | None = None

    def __enter__(self) -> "Scorer":
        if self.workers > 1 and usable_workers(self.workers, "workers"):
            start = partial(_start_worker, self.measures, self.texts)
            self._pool = WorkerPool(self.workers, "workers", start)
            self._pool.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            self._pool.__exit__(*exception)

    def __call__(self, data: EvaluationSet, contract: MelContract) -> list[SentenceScore]:
        """Return the scores, sentence by sentence, with the systems in their order."""
        from rich.console import Console
        from rich.progress import track

        jobs = _jobs(data, contract)
        console = Console(stderr=True)
        if self._pool is None:
            prepare_measures(self.measures, self.texts)
            return [s for job in track(jobs, "scoring", console=console) for s in score_job(job)]
        results = self._pool.map(_score_job_in_worker, jobs)
        scores: list[SentenceScore] = []
        for job_scores, warnings in track(results, "scoring", len(jobs), console=console):
            scores += job_scores
            for message in warnings:
                warn_once(message)
        return scores


def _jobs(data: EvaluationSet, contract: MelContract) -> list[SentenceJob]:
    jobs = []
    for index, sentence in enumerate(data.sentences):
        waves = [
            (system.name, wave, system.aligned)
            for system in data.systems
            if (wave := system.waves[index]) is not None
        ]
        has_recording = data.has_recordings and bool(waves) and waves[0][0] == data.systems[0].name
        jobs.append(SentenceJob(sentence, contract, waves, has_recording))
    return jobs


def prepare_measures(measures: Mapping[str, Measure], texts: list[str]) -> None:
    """Set the measures of this process, once before its first job."""
    _measures.clear()
    _measures.update(measures)
    for measure in measures.values():
        measure.prepare(texts)


def _start_worker(measures: Mapping[str, Measure], texts: list[str]) -> None:
    torch.set_num_threads(1)  # the processes are the parallelism
    defer_warnings()
    prepare_measures(measures, texts)


def _score_job_in_worker(job: SentenceJob) -> tuple[list[SentenceScore], list[str]]:
    return score_job(job), take_warnings()


def score_job(job: SentenceJob) -> list[SentenceScore]:
    """Score every system of a sentence; features of the recording are computed once."""
    scores = []
    reference: EvaluationSample | None = None
    for system, wave, aligned in job.waves:
        sentence = job.sentence
        sample = EvaluationSample(
            wave, job.contract, sentence.text, sentence.language, reference, aligned
        )
        if job.has_recording and reference is None:
            reference = sample
        statistics = score_sample(sample, _measures)
        scores.append(SentenceScore(system, sentence, statistics, _transcript(sample)))
    return scores


def _transcript(sample: EvaluationSample) -> str:
    """Return the transcript of the first recognizer among the measures."""
    for measure in _measures.values():
        if isinstance(measure, ASRError):
            return measure.transcript(sample)
    return ""

"""Summary of the scores: estimates with intervals, by group, and paired differences."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NotRequired, TypedDict

import numpy as np

from tts.evaluation.cloning_scores import CloningScores
from tts.evaluation.scoring import SentenceScore
from tts.evaluation.systems import EvaluationSentence, EvaluationSet, ModelMeasurements
from tts.metrics.bootstrap import Estimate, estimate, paired_difference
from tts.metrics.measure import Measure

Estimates = dict[str, dict[str, Estimate]]  # by system and measure


class RunInfo(TypedDict):
    """A run that was evaluated."""

    path: str
    step: int


class MeasureInfo(TypedDict):
    """What a reader of the numbers has to know about a measure."""

    label: str
    unit: str
    digits: int
    better: str  # higher, lower or "as the recordings"
    description: str


class SentenceValues(TypedDict):
    """The values of one system on one sentence."""

    system: str
    id: str
    text: str
    speaker: str
    language: str
    transcript: str
    values: dict[str, float]


class Report(TypedDict):
    """The result of an evaluation: the content of ``report.json``."""

    runs: dict[str, RunInfo]
    utterances: int
    seed: int
    measures: dict[str, MeasureInfo]
    systems: Estimates
    speakers: dict[str, Estimates]  # empty with one speaker
    languages: dict[str, Estimates]  # empty with one language
    baseline: str
    differences: Estimates  # of each system to the baseline
    models: dict[str, ModelMeasurements]
    sentences: list[SentenceValues]
    problems: list[str]
    cloning: NotRequired[CloningScores]  # with speakers=unseen


def summarize(
    data: EvaluationSet,
    scores: list[SentenceScore],
    measures: Mapping[str, Measure],
    runs: dict[str, RunInfo],
    seed: int,
) -> Report:
    """Return the report; a measure without a value in any system is not part of it."""
    systems = [system.name for system in data.systems]
    ids = [sentence.id for sentence in data.sentences]
    statistics = {
        (system, name): _statistics(scores, ids, system, name)
        for system in systems
        for name in measures
    }
    measured = {
        name: measure
        for name, measure in measures.items()
        if any(np.isfinite(statistics[system, name]).any() for system in systems)
    }

    def table(keep: np.ndarray) -> Estimates:
        return {
            system: {
                name: estimate(statistics[system, name][keep], measure.finalize, seed)
                for name, measure in measured.items()
            }
            for system in systems
        }

    return {
        "runs": runs,
        "utterances": len(data.sentences),
        "seed": seed,
        "measures": {name: describe(measure) for name, measure in measured.items()},
        "systems": table(np.ones(len(ids), dtype=bool)),
        "speakers": _by_group(data, lambda sentence: sentence.speaker, table),
        "languages": _by_group(data, lambda sentence: sentence.language, table),
        "baseline": data.baseline,
        "differences": {
            system: {
                name: paired_difference(
                    statistics[system, name],
                    statistics[data.baseline, name],
                    measure.finalize,
                    seed,
                )
                for name, measure in measured.items()
            }
            for system in systems
            if system != data.baseline
        },
        "models": data.models,
        "sentences": [_sentence_values(score, measured) for score in scores],
        "problems": list(data.problems),
    }


def _statistics(
    scores: Iterable[SentenceScore], ids: list[str], system: str, measure: str
) -> np.ndarray:
    """Return the statistics ``(sentences, K)`` of a system, NaN where there are none."""
    found = {s.sentence.id: s.statistics[measure] for s in scores if s.system == system}
    width = next((len(row) for row in found.values() if row is not None), 1)
    missing = [math.nan] * width
    return np.array([found.get(id_) or missing for id_ in ids], dtype=float).reshape(-1, width)


def describe(measure: Measure) -> MeasureInfo:
    """Return label, unit, direction and docstring of a measure."""
    return {
        "label": measure.label,
        "unit": measure.unit,
        "digits": measure.digits,
        "better": {True: "higher", False: "lower", None: "as the recordings"}[
            measure.higher_is_better
        ],
        "description": " ".join((measure.__doc__ or "").split()),
    }


def _by_group(
    data: EvaluationSet,
    key: Callable[[EvaluationSentence], str],
    table: Callable[[np.ndarray], Estimates],
) -> dict[str, Estimates]:
    """Return a table per speaker or language; empty if there is only one."""
    keys = [key(sentence) for sentence in data.sentences]
    names = sorted(set(keys))
    if len(names) < 2:
        return {}
    return {name: table(np.array([k == name for k in keys])) for name in names}


def _sentence_values(score: SentenceScore, measures: Mapping[str, Measure]) -> SentenceValues:
    values = {
        name: float(measure.finalize(np.asarray(statistics, dtype=float)))
        for name, measure in measures.items()
        if (statistics := score.statistics[name]) is not None
    }
    sentence = score.sentence
    return {
        "system": score.system,
        "id": sentence.id,
        "text": sentence.text,
        "speaker": sentence.speaker,
        "language": sentence.language,
        "transcript": score.transcript,
        "values": values,
    }

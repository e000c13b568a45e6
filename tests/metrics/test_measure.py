"""Measure interface: unit, direction, sums over ranks, missing packages."""

import logging
import math
import pickle

import numpy as np
import pytest
import torch
from fakes import composed
from hydra.utils import instantiate

from tts.contract import MelContract
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Statistics, score_sample
from tts.metrics.optional_packages import MissingPackageError
from tts.metrics.stoi import STOI
from tts.warnings_once import warn_once

CONTRACT = MelContract()


def all_measures() -> dict[str, Measure]:
    return {name: instantiate(node) for name, node in composed("evaluate").metrics.items()}


def test_every_measure_has_label_docstring_and_unit() -> None:
    for name, measure in all_measures().items():
        assert measure.label, name
        assert measure.__doc__, name
        assert measure.unit in ("", "%", "dB", "st"), name
        assert pickle.loads(pickle.dumps(measure)).label == measure.label, (
            "worker processes receive it"
        )


def test_every_measure_prefers_a_clean_copy_to_a_noisy_one(recording: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 1, len(recording)).astype(np.float32)
    reference = EvaluationSample(recording, CONTRACT)
    samples = [
        EvaluationSample(recording + size * noise, CONTRACT, reference=reference, aligned=True)
        for size in (1e-4, 3e-2)
    ]
    measures = all_measures()
    clean, noisy = (score_sample(sample, measures) for sample in samples)
    compared = 0
    for name, measure in measures.items():
        if measure.higher_is_better is None or clean[name] is None or noisy[name] is None:
            continue
        better, worse = (float(measure.finalize(np.array(r[name]))) for r in (clean, noisy))
        if name in ("duration_error", "plcmos", "distillmos"):
            continue  # noise has no duration, and does not make espeak worse for these predictors
        assert (better > worse) == measure.higher_is_better, (name, better, worse)
        compared += 1
    assert compared >= 8


def test_a_recording_compared_with_itself_is_perfect(recording: np.ndarray) -> None:
    sample = EvaluationSample(recording, CONTRACT, reference=EvaluationSample(recording, CONTRACT))
    perfect = {
        "mcd": 0.0, "f0_rmse": 0.0, "f0_correlation": 1.0, "voicing_error": 0.0,
        "global_variance": 0.0, "duration_error": 0.0, "speaking_rate": 0.0, "similarity": 1.0,
    }  # fmt: skip
    for name, measure in all_measures().items():
        if name in perfect:
            measure.update(sample)
            assert float(measure.compute()) == pytest.approx(perfect[name], abs=1e-5), name


def test_compute_is_the_mean_and_states_sum_over_ranks() -> None:
    class Length(Measure):
        label = "length"

        def statistics(self, sample: EvaluationSample) -> Statistics | None:
            return (float(len(sample.wave)),) if len(sample.wave) else None

    samples = [EvaluationSample(np.zeros(n), CONTRACT) for n in (2, 4, 0, 9)]
    together, ranks = Length(), [Length(), Length(), Length()]
    assert math.isnan(together.compute())
    for sample in samples:
        together.update(sample)
    for rank, share in zip(ranks, (samples[:1], samples[1:], []), strict=True):
        for sample in share:
            rank.update(sample)
    ranks[0].total = torch.stack([rank.total for rank in ranks]).sum(0)
    ranks[0].count = torch.stack([rank.count for rank in ranks]).sum(0)
    assert float(together.compute()) == float(ranks[0].compute()) == 5.0
    together.reset()
    assert math.isnan(together.compute())


def test_a_missing_package_is_logged_once_and_the_value_is_nan(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, recording: np.ndarray
) -> None:
    def missing(name: str, metric: str) -> None:
        raise MissingPackageError(f"{metric} needs the package {name}")

    monkeypatch.setattr("tts.metrics.stoi.require_package", missing)
    warn_once.cache_clear()
    measure = STOI(extended=False)
    sample = EvaluationSample(
        recording, CONTRACT, reference=EvaluationSample(recording, CONTRACT), aligned=True
    )
    with caplog.at_level(logging.WARNING):
        measure.update(sample)
        measure.update(sample)
    assert math.isnan(measure.compute())
    assert [r.message for r in caplog.records] == ["STOI is skipped: STOI needs the package pystoi"]

"""Tests of the Measure interface and of the measures: unit, direction, missing packages."""

import logging
import math
import pickle

import numpy as np
import pytest
import torch
from fakes import composed
from hydra.utils import instantiate

from tts.contract import MelContract
from tts.metrics.duration import DurationError, SpeakingRate, speaking_seconds
from tts.metrics.evaluation_sample import EvaluationSample, trim_silence
from tts.metrics.measure import Measure, Statistics, score_sample
from tts.metrics.optional_packages import MissingPackageError, warn_once
from tts.metrics.similarity import SpeakerSimilarity, embed_speaker, speaker_encoder
from tts.metrics.snr import mel_snr
from tts.metrics.stoi import STOI

CONTRACT = MelContract()
RATE = CONTRACT.sample_rate
PUBLISHED = (180, 0.2206)  # index and value of the maximum of a tone's embedding


def speak(text: str, voice: str) -> np.ndarray:
    from tts.text import espeak

    with espeak.private() as library:
        speech = library.synthesize(text, "en-us", voice, 150)
    assert speech.sample_rate == RATE
    return speech.samples


@pytest.fixture(scope="module")
def harbour() -> np.ndarray:
    return speak("The harbour was full of painted ships.", "f3")


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


def test_every_measure_prefers_a_clean_copy_to_a_noisy_one(harbour: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 1, len(harbour)).astype(np.float32)
    reference = EvaluationSample(harbour, CONTRACT)
    samples = [
        EvaluationSample(harbour + size * noise, CONTRACT, reference=reference, aligned=True)
        for size in (1e-4, 3e-2)
    ]
    measures = all_measures()
    clean, noisy = (score_sample(sample, measures) for sample in samples)
    compared = 0
    for name, measure in measures.items():
        if measure.higher_is_better is None or clean[name] is None or noisy[name] is None:
            continue
        better, worse = (float(measure.finalize(np.array(r[name]))) for r in (clean, noisy))
        if name in ("duration_error", "plcmos"):
            continue  # noise has no duration, and PLCMOS is not sensitive to it
        assert (better > worse) == measure.higher_is_better, (name, better, worse)
        compared += 1
    assert compared >= 8


def test_a_recording_compared_with_itself_is_perfect(harbour: np.ndarray) -> None:
    sample = EvaluationSample(harbour, CONTRACT, reference=EvaluationSample(harbour, CONTRACT))
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
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, harbour: np.ndarray
) -> None:
    def missing(name: str, metric: str) -> None:
        raise MissingPackageError(f"{metric} needs the package {name}")

    monkeypatch.setattr("tts.metrics.stoi.require_package", missing)
    warn_once.cache_clear()
    measure = STOI(extended=False)
    sample = EvaluationSample(
        harbour, CONTRACT, reference=EvaluationSample(harbour, CONTRACT), aligned=True
    )
    with caplog.at_level(logging.WARNING):
        measure.update(sample)
        measure.update(sample)
    assert math.isnan(measure.compute())
    assert [r.message for r in caplog.records] == ["STOI is skipped: STOI needs the package pystoi"]


def test_stoi_equals_pystoi(harbour: np.ndarray) -> None:
    pystoi = pytest.importorskip("pystoi", reason="the metrics extra is not installed")
    contract = MelContract(sample_rate=16000)  # no resampling
    noisy = harbour + np.random.default_rng(0).normal(0, 0.05, len(harbour)).astype(np.float32)
    for extended in (False, True):
        measure = STOI(extended=extended)
        measure.update(
            EvaluationSample(
                noisy, contract, reference=EvaluationSample(harbour, contract), aligned=True
            )
        )
        expected = pystoi.stoi(harbour, noisy, 16000, extended=extended)
        assert float(measure.compute()) == pytest.approx(expected, abs=1e-6)


def test_mel_snr_is_in_decibels_and_ignores_loudness() -> None:
    random = np.random.default_rng(0)
    mel = random.normal(size=(200, 80))
    noise = random.normal(size=(200, 80)) / 10
    assert mel_snr(mel + noise, mel) == pytest.approx(20.0, abs=0.3)
    assert mel_snr(mel + noise + 7.0, mel) == pytest.approx(mel_snr(mel + noise, mel))


def test_a_pause_changes_duration_and_not_speaking_rate(harbour: np.ndarray) -> None:
    middle = len(harbour) // 2
    pause = np.zeros(RATE // 2, dtype=np.float32)
    paused = np.concatenate([harbour[:middle], pause, harbour[middle:]])
    reference = EvaluationSample(harbour, CONTRACT)
    sample = EvaluationSample(paused, CONTRACT, reference=reference)
    duration, rate = DurationError(), SpeakingRate()
    duration.update(sample)
    rate.update(sample)
    expected = 100 * 0.5 / (len(trim_silence(harbour, RATE)) / RATE)
    assert float(duration.compute()) == pytest.approx(expected, abs=1.0)
    assert abs(float(rate.compute())) < 3
    # every second sample: twice as fast
    quick = EvaluationSample(harbour[::2].copy(), CONTRACT, reference=reference)
    assert speaking_seconds(quick) == pytest.approx(speaking_seconds(reference) / 2, rel=0.1)


def test_similarity_is_higher_within_a_speaker() -> None:
    recording = speak("The harbour was full of painted ships.", "f3")
    same = speak("Nobody knew when the rain would stop.", "f3")
    other = speak("Nobody knew when the rain would stop.", "m2")
    reference = EvaluationSample(recording, CONTRACT)

    def similarity(wave: np.ndarray) -> float:
        measure = SpeakerSimilarity()
        measure.update(EvaluationSample(wave, CONTRACT, reference=reference))
        return float(measure.compute())

    assert similarity(same) > similarity(other) + 0.05
    assert similarity(same / 8) == pytest.approx(similarity(same), abs=1e-4)


def test_the_speaker_encoder_takes_any_length_and_equals_resemblyzer() -> None:
    for seconds in (0.1, 1.6, 1.7, 5.0):
        noise = np.random.default_rng(0).normal(0, 0.1, int(16000 * seconds)).astype(np.float32)
        embedding = embed_speaker(noise)
        assert embedding.shape == (256,)
        assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)
    # Resemblyzer 0.1.4 on a tone, within half precision
    tone = (0.1 * np.sin(2 * np.pi * 220 * np.arange(40000) / 16000)).astype(np.float32)
    with torch.inference_mode():
        embedding = speaker_encoder()(torch.from_numpy(tone))
    assert embedding.argmax().item() == PUBLISHED[0]
    assert embedding.max().item() == pytest.approx(PUBLISHED[1], abs=2e-3)

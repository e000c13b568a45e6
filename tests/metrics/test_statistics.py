"""Tests of bootstrap intervals, F0 standard deviation, global variance and DNSMOS."""

import math

import numpy as np
import pytest

from tts.contract import MelContract
from tts.metrics.bootstrap import estimate, mean_estimate, paired_difference
from tts.metrics.evaluation_sample import (
    SPEECH_LEVEL,
    EvaluationSample,
    normalize_level,
    resample_to_16k,
)
from tts.metrics.f0 import f0_std
from tts.metrics.global_variance import GlobalVariance
from tts.metrics.intelligibility import WordErrorRate
from tts.metrics.mos import dnsmos


def test_the_interval_contains_the_true_mean_at_its_nominal_rate() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = mean_estimate(random.normal(3.0, 1.0, 40).tolist())
        covered += found.low <= 3.0 <= found.high
    assert (
        176 <= covered <= 199
    )  # 95 % of 200 within three standard errors; bootstrap intervals are a little narrow


def test_word_error_rate_weighs_utterances_by_their_words() -> None:
    rows = np.array([[1.0, 10.0], [0.0, 90.0]])
    assert estimate(rows, WordErrorRate().finalize).value == pytest.approx(1.0)
    rows = np.array([[1.0, 10.0], [math.nan, 5.0]])
    assert estimate(rows, WordErrorRate().finalize).value == pytest.approx(10.0)
    assert math.isnan(estimate(np.zeros((0, 2))).value)
    assert mean_estimate([2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_a_paired_difference_is_significant_when_sentences_vary_more_than_systems() -> None:
    random = np.random.default_rng(0)
    difficulty = random.normal(0, 1.0, (40, 1))
    one = difficulty + random.normal(0, 0.05, (40, 1))
    two = difficulty + 0.1 + random.normal(0, 0.05, (40, 1))
    found = paired_difference(two, one)
    assert found.significant
    assert found.value == pytest.approx(float((two - one).mean()))
    unpaired = (estimate(one), estimate(two))
    assert unpaired[0].high > unpaired[1].low, "unpaired, the intervals overlap"
    assert paired_difference(one, two).value == pytest.approx(-found.value)
    assert not paired_difference(one, one).significant
    missing = np.where(np.arange(40)[:, None] < 5, math.nan, one)
    assert paired_difference(two, missing).value == pytest.approx(float((two - one)[5:].mean()))


def test_f0_std_is_in_semitones_of_voiced_frames() -> None:
    octave = np.array([100.0, 200.0] * 50)
    assert f0_std(octave) == pytest.approx(6.0)
    assert f0_std(np.insert(octave, 3, 0.0)) == pytest.approx(6.0)
    assert f0_std(np.full(9, 120.0)) == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(f0_std(np.zeros(5)))


def test_half_the_amplitude_is_six_decibels_less_global_variance() -> None:
    random = np.random.default_rng(0)
    measure = GlobalVariance(bands=8)

    def decibels(scale: float, shift: float = 0.0) -> float:
        measure.reset()
        for frames in (50, 80):
            recording, sample = (EvaluationSample(np.zeros(0), MelContract()) for _ in range(2))
            recording.mel = random.normal(size=(frames, 8))
            sample.mel = scale * recording.mel + shift
            sample.reference = recording
            measure.update(sample)
        return float(measure.compute())

    assert decibels(1.0) == pytest.approx(0.0)
    assert decibels(0.5) == pytest.approx(-6.02, abs=0.01)
    assert decibels(1.0, shift=5.0) == pytest.approx(0.0)


def test_dnsmos_prefers_clean_speech_to_noisy_speech() -> None:
    pytest.importorskip("speechmos", reason="the metrics extra is not installed")
    pytest.importorskip("onnxruntime", reason="the metrics extra is not installed")
    from tts.text import espeak

    with espeak.private() as library:
        text = "The harbour was full of painted ships, and the rain began in the night."
        speech = library.synthesize(text, "en-us", "f3", 150)
    noise = np.random.default_rng(0).normal(0, 0.05, len(speech.samples)).astype(np.float32)
    clean = dnsmos(speech.samples, speech.sample_rate)
    noisy = dnsmos(speech.samples + noise, speech.sample_rate)
    assert 1 <= noisy.dnsmos_ovrl < clean.dnsmos_ovrl <= 5
    assert noisy.dnsmos_p808 < clean.dnsmos_p808
    # the level does not matter
    quiet = dnsmos(speech.samples / 8, speech.sample_rate)
    assert quiet.dnsmos_p808 == pytest.approx(clean.dnsmos_p808, abs=0.02)


def test_dnsmos_equals_speechmos() -> None:
    """P.808 is equal; OVRL agrees in the mean over clips, because it uses fewer windows."""
    pytest.importorskip("speechmos", reason="the metrics extra is not installed")
    pytest.importorskip("onnxruntime", reason="the metrics extra is not installed")
    from speechmos import dnsmos as package

    from tts.text import espeak

    texts = ["The harbour was full of painted ships, and the rain began in the night.",
             "Nobody had asked.", "Twelve of them stood there and waited for the last train home.",
             "It was late, and the lamps along the river were lit one after the other, until there "
             "was light from the bridge to the mill, and nobody who had seen it before believed "
             "that it had ever been dark there."]  # fmt: skip
    ovrl, published_ovrl = [], []
    with espeak.private() as library:
        for text in texts:
            speech = library.synthesize(text, "en-us", "f3", 150)
            samples = resample_to_16k(speech.samples, speech.sample_rate)
            samples = np.clip(normalize_level(samples, SPEECH_LEVEL), -1, 1)
            published = package.run(samples, 16000)
            found = dnsmos(speech.samples, speech.sample_rate)
            assert found.dnsmos_p808 == pytest.approx(published["p808_mos"], abs=1e-3)
            ovrl.append(found.dnsmos_ovrl)
            published_ovrl.append(published["ovrl_mos"])
    assert len(samples) > 9.01 * 16000, "the last one has several windows"
    assert np.mean(ovrl) == pytest.approx(np.mean(published_ovrl), abs=0.1)

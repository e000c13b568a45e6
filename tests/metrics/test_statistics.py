"""Intervals hold the truth as often as they say; spread and variance measure what they name."""

import math

import numpy as np
import pytest

from tts.metrics.bootstrap import mean, ratio
from tts.metrics.f0 import f0_spread
from tts.metrics.global_variance import global_variance
from tts.metrics.mos import dnsmos


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        estimate = mean(random.normal(3.0, 1.0, 40).tolist(), draws=400)
        held += estimate.low <= 3.0 <= estimate.high
    assert 176 <= held <= 199  # 95 % of 200 within three standard errors, a little low as known


def test_a_ratio_weighs_utterances_by_their_words() -> None:
    assert ratio([1, 0], [10, 90]).value == pytest.approx(0.01)
    assert ratio([1, math.nan], [10, 5]).value == pytest.approx(0.1)
    assert math.isnan(ratio([], []).value)
    assert mean([2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_spread_is_in_semitones_of_voiced_frames() -> None:
    octave = np.array([100.0, 200.0] * 50)
    assert f0_spread(octave) == pytest.approx(6.0)
    assert f0_spread(np.insert(octave, 3, 0.0)) == pytest.approx(6.0)
    assert f0_spread(np.full(9, 120.0)) == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(f0_spread(np.zeros(5)))


def test_half_the_movement_is_six_decibels_less() -> None:
    random = np.random.default_rng(0)
    mels = [random.normal(size=(n, 8)) for n in (50, 80)]
    assert global_variance(mels, mels) == pytest.approx(0.0)
    assert global_variance([m / 2 for m in mels], mels) == pytest.approx(-6.02, abs=0.01)
    assert global_variance([m + 5 for m in mels], mels) == pytest.approx(0.0)


def test_opinion_prefers_speech_to_the_same_speech_in_noise() -> None:
    pytest.importorskip("speechmos", reason="the metrics extra is not installed")
    pytest.importorskip("onnxruntime", reason="the metrics extra is not installed")
    from tts.text import espeak

    with espeak.private() as library:
        text = "The harbour was full of painted ships, and the rain began in the night."
        speech = library.synthesize(text, "en-us", "f3", 150)
    noise = np.random.default_rng(0).normal(0, 0.05, len(speech.samples)).astype(np.float32)
    clean = dnsmos(speech.samples, speech.sample_rate)
    noisy = dnsmos(speech.samples + noise, speech.sample_rate)
    assert 1 <= noisy.overall < clean.overall <= 5
    assert noisy.p808 < clean.p808
    # the level does not decide
    quiet = dnsmos(speech.samples / 8, speech.sample_rate)
    assert quiet.p808 == pytest.approx(clean.p808, abs=0.02)

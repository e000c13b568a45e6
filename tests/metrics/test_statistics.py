"""Intervals hold the truth as often as they say; spread and variance measure what they name."""

import math

import numpy as np
import pytest

from tts.audio.mel import MelContract
from tts.metrics.bootstrap import difference, estimate, mean
from tts.metrics.evaluation_sample import EvaluationSample, level, resample
from tts.metrics.f0 import f0_spread
from tts.metrics.global_variance import GlobalVariance
from tts.metrics.intelligibility import WordErrorRate
from tts.metrics.mos import dnsmos


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        found = mean(random.normal(3.0, 1.0, 40).tolist())
        held += found.low <= 3.0 <= found.high
    assert 176 <= held <= 199  # 95 % of 200 within three standard errors, a little low as known


def test_a_word_error_weighs_utterances_by_their_words() -> None:
    rows = np.array([[1.0, 10.0], [0.0, 90.0]])
    assert estimate(rows, WordErrorRate().finish).value == pytest.approx(1.0)
    rows = np.array([[1.0, 10.0], [math.nan, 5.0]])
    assert estimate(rows, WordErrorRate().finish).value == pytest.approx(10.0)
    assert math.isnan(estimate(np.zeros((0, 2))).value)
    assert mean([2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_a_difference_is_shown_where_sentences_differ_and_systems_hardly() -> None:
    random = np.random.default_rng(0)
    hardness = random.normal(0, 1.0, (40, 1))
    one = hardness + random.normal(0, 0.05, (40, 1))
    two = hardness + 0.1 + random.normal(0, 0.05, (40, 1))
    found = difference(two, one)
    assert found.shown
    assert found.value == pytest.approx(float((two - one).mean()))
    alone = (estimate(one), estimate(two))
    assert alone[0].high > alone[1].low, "unpaired, the intervals overlap"
    assert difference(one, two).value == pytest.approx(-found.value)
    assert not difference(one, one).shown
    missing = np.where(np.arange(40)[:, None] < 5, math.nan, one)
    assert difference(two, missing).value == pytest.approx(float((two - one)[5:].mean()))


def test_spread_is_in_semitones_of_voiced_frames() -> None:
    octave = np.array([100.0, 200.0] * 50)
    assert f0_spread(octave) == pytest.approx(6.0)
    assert f0_spread(np.insert(octave, 3, 0.0)) == pytest.approx(6.0)
    assert f0_spread(np.full(9, 120.0)) == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(f0_spread(np.zeros(5)))


def test_half_the_movement_is_six_decibels_less() -> None:
    random = np.random.default_rng(0)
    measure = GlobalVariance(bands=8)

    def decibels(change: float, shift: float = 0.0) -> float:
        measure.reset()
        for frames in (50, 80):
            recording, ours = (EvaluationSample(np.zeros(0), MelContract()) for _ in range(2))
            recording.mel = random.normal(size=(frames, 8))
            ours.mel = change * recording.mel + shift
            ours.reference = recording
            measure.update(ours)
        return float(measure.compute())

    assert decibels(1.0) == pytest.approx(0.0)
    assert decibels(0.5) == pytest.approx(-6.02, abs=0.01)
    assert decibels(1.0, shift=5.0) == pytest.approx(0.0)


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
    assert 1 <= noisy.dnsmos_ovrl < clean.dnsmos_ovrl <= 5
    assert noisy.dnsmos_p808 < clean.dnsmos_p808
    # the level does not decide
    quiet = dnsmos(speech.samples / 8, speech.sample_rate)
    assert quiet.dnsmos_p808 == pytest.approx(clean.dnsmos_p808, abs=0.02)


def test_opinion_is_that_of_the_package() -> None:
    """P.808 to the digit; OVRL on the mean over clips, of which it hears fewer windows."""
    pytest.importorskip("speechmos", reason="the metrics extra is not installed")
    pytest.importorskip("onnxruntime", reason="the metrics extra is not installed")
    from speechmos import dnsmos as package

    from tts.text import espeak

    texts = ["The harbour was full of painted ships, and the rain began in the night.",
             "Nobody had asked.", "Twelve of them stood there and waited for the last train home.",
             "It was late, and the lamps along the river were lit one after the other, until there "
             "was light from the bridge to the mill, and nobody who had seen it before believed "
             "that it had ever been dark there."]  # fmt: skip
    ours, theirs = [], []
    with espeak.private() as library:
        for text in texts:
            speech = library.synthesize(text, "en-us", "f3", 150)
            samples = np.clip(level(resample(speech.samples, speech.sample_rate), -26.0), -1, 1)
            published = package.run(samples, 16000)
            found = dnsmos(speech.samples, speech.sample_rate)
            assert found.dnsmos_p808 == pytest.approx(published["p808_mos"], abs=1e-3)
            ours.append(found.dnsmos_ovrl)
            theirs.append(published["ovrl_mos"])
    assert len(samples) > 9.01 * 16000, "the last is a long one"
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.1)

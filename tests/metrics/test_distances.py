"""Tests of MCD, F0 errors and dynamic time warping against closed forms."""

import math

import numpy as np
import pytest

from tts.metrics.dtw import NUM_CEPSTRA, dtw
from tts.metrics.f0 import f0_errors
from tts.metrics.mcd import mel_cepstral_distortion


def identity_path(frames: int = 40) -> np.ndarray:
    return np.stack([np.arange(frames)] * 2, axis=1)


def ripple(order: int, size: float, frames: int = 40, bands: int = 80) -> np.ndarray:
    """A cosine over the bands."""
    angle = np.pi * order * (np.arange(bands) + 0.5) / bands
    return np.tile(size * np.cos(angle), (frames, 1))


def test_mcd_is_the_rms_difference_of_the_envelopes_in_decibels() -> None:
    mel = np.random.default_rng(0).normal(size=(40, 80))
    # a ripple of amplitude 1 neper has an RMS of 1 / sqrt 2; a neper is 8.686 dB
    expected = 8.686 / math.sqrt(2)
    for order in (1, NUM_CEPSTRA):
        found = mel_cepstral_distortion(mel + ripple(order, 1.0), mel, identity_path())
        assert found == pytest.approx(expected, rel=1e-3)
    # loudness and detail finer than the cepstra do not count
    assert mel_cepstral_distortion(mel + 3.0, mel, identity_path()) == pytest.approx(0.0, abs=1e-9)
    fine = mel_cepstral_distortion(mel + ripple(NUM_CEPSTRA + 1, 1.0), mel, identity_path())
    assert fine == pytest.approx(0.0, abs=1e-9)


def test_mcd_ignores_a_slower_rate() -> None:
    mel = np.cumsum(np.random.default_rng(0).normal(size=(60, 80)), axis=0)
    slow = np.repeat(mel, 2, axis=0)
    assert mel_cepstral_distortion(slow, mel) == pytest.approx(0.0, abs=1e-9)
    assert mel_cepstral_distortion(slow[:60], mel, identity_path(60)) > 1


def test_dtw_finds_the_cheapest_path() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        features, reference = random.normal(size=(6, 3)), random.normal(size=(5, 3))
        cost = np.linalg.norm(features[:, None] - reference[None], axis=-1)

        def cheapest(i: int, j: int, cost: np.ndarray = cost) -> float:
            if i == j == 0:
                return float(cost[0, 0])
            before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
            return float(cost[i, j]) + min(cheapest(a, b) for a, b in before if min(a, b) >= 0)

        path = dtw(features, reference)
        assert tuple(path[0]) == (0, 0)
        assert tuple(path[-1]) == (5, 4)
        assert cost[path[:, 0], path[:, 1]].sum() == pytest.approx(cheapest(5, 4))


def test_f0_errors_have_their_units() -> None:
    pitch = np.array([0.0, 100.0, 110.0, 120.0, 0.0, 90.0])
    assert f0_errors(pitch, pitch) == pytest.approx((0.0, 1.0, 0.0))
    higher = f0_errors(pitch * 2 ** (1 / 12), pitch)
    assert higher.rmse == pytest.approx(1.0)
    assert higher.correlation == pytest.approx(1.0)
    other = pitch.copy()
    other[0], other[5] = 100.0, 0.0
    assert f0_errors(other, pitch).voicing == pytest.approx(2 / 6)
    inverted = np.where(pitch > 0, 100.0 * 100.0 / np.maximum(pitch, 1.0), 0.0)
    assert f0_errors(inverted, pitch).correlation == pytest.approx(-1.0)
    silent = f0_errors(np.zeros(6), pitch)
    assert math.isnan(silent.rmse)
    assert silent.voicing == pytest.approx(4 / 6)


def test_f0_errors_follow_the_path() -> None:
    path = np.array([[0, 0], [1, 0], [2, 1]])
    assert f0_errors(np.array([100.0, 100.0, 200.0]), np.array([100.0, 200.0]), path)[0] == 0

"""Distances to a recording: closed forms, and the warping held to the published one."""

import math

import numpy as np
import pytest

from tts.metrics.dtw import COUNT, dtw
from tts.metrics.f0 import pitch_errors
from tts.metrics.mcd import mel_cepstral_distortion


def each_its_own(frames: int = 40) -> np.ndarray:
    return np.stack([np.arange(frames)] * 2, axis=1)


def ripple(order: int, size: float, frames: int = 40, bands: int = 80) -> np.ndarray:
    """A cosine over the bands."""
    angle = np.pi * order * (np.arange(bands) + 0.5) / bands
    return np.tile(size * np.cos(angle), (frames, 1))


def test_distortion_is_the_envelopes_difference_in_decibels() -> None:
    mel = np.random.default_rng(0).normal(size=(40, 80))
    # a ripple of amplitude 1 neper has an RMS of 1 / sqrt 2; a neper is 8.686 dB
    expected = 8.686 / math.sqrt(2)
    for order in (1, COUNT):
        found = mel_cepstral_distortion(mel + ripple(order, 1.0), mel, each_its_own())
        assert found == pytest.approx(expected, rel=1e-3)
    # loudness and what is finer than the envelope do not count
    assert mel_cepstral_distortion(mel + 3.0, mel, each_its_own()) == pytest.approx(0.0, abs=1e-9)
    fine = mel_cepstral_distortion(mel + ripple(COUNT + 1, 1.0), mel, each_its_own())
    assert fine == pytest.approx(0.0, abs=1e-9)


def test_another_pace_is_warped_away() -> None:
    mel = np.cumsum(np.random.default_rng(0).normal(size=(60, 80)), axis=0)
    slow = np.repeat(mel, 2, axis=0)
    assert mel_cepstral_distortion(slow, mel) == pytest.approx(0.0, abs=1e-9)
    assert mel_cepstral_distortion(slow[:60], mel, each_its_own(60)) > 1


def test_the_path_is_the_cheapest_there_is() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        one, other = random.normal(size=(6, 3)), random.normal(size=(5, 3))
        cost = np.linalg.norm(one[:, None] - other[None], axis=-1)

        def cheapest(i: int, j: int, cost: np.ndarray = cost) -> float:
            if i == j == 0:
                return float(cost[0, 0])
            before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
            return float(cost[i, j]) + min(cheapest(a, b) for a, b in before if min(a, b) >= 0)

        path = dtw(one, other)
        assert tuple(path[0]) == (0, 0)
        assert tuple(path[-1]) == (5, 4)
        assert cost[path[:, 0], path[:, 1]].sum() == pytest.approx(cheapest(5, 4))


def test_pitch_errors_have_their_units() -> None:
    pitch = np.array([0.0, 100.0, 110.0, 120.0, 0.0, 90.0])
    assert pitch_errors(pitch, pitch) == pytest.approx((0.0, 1.0, 0.0))
    higher = pitch_errors(pitch * 2 ** (1 / 12), pitch)
    assert higher.semitones == pytest.approx(1.0)
    assert higher.correlation == pytest.approx(1.0)
    other = pitch.copy()
    other[0], other[5] = 100.0, 0.0
    assert pitch_errors(other, pitch).voicing == pytest.approx(2 / 6)
    mirrored = np.where(pitch > 0, 100.0 * 100.0 / np.maximum(pitch, 1.0), 0.0)
    assert pitch_errors(mirrored, pitch).correlation == pytest.approx(-1.0)
    silent = pitch_errors(np.zeros(6), pitch)
    assert math.isnan(silent.semitones)
    assert silent.voicing == pytest.approx(4 / 6)


def test_pairs_choose_the_frames() -> None:
    pairs = np.array([[0, 0], [1, 0], [2, 1]])
    assert pitch_errors(np.array([100.0, 100.0, 200.0]), np.array([100.0, 200.0]), pairs)[0] == 0

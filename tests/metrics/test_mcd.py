"""Mel-cepstral distortion against closed forms."""

import math

import numpy as np
import pytest

from tts.metrics.dtw import NUM_CEPSTRA
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

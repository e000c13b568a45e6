"""F0 errors and F0 standard deviation against closed forms."""

import math

import numpy as np
import pytest

from tts.metrics.f0 import f0_errors, f0_std


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


def test_f0_std_is_in_semitones_of_voiced_frames() -> None:
    octave = np.array([100.0, 200.0] * 50)
    assert f0_std(octave) == pytest.approx(6.0)
    assert f0_std(np.insert(octave, 3, 0.0)) == pytest.approx(6.0)
    assert f0_std(np.full(9, 120.0)) == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(f0_std(np.zeros(5)))

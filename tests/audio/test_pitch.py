"""Pitch tracking of sounds with known pitch, and agreement with Praat."""

import numpy as np
import pytest

from tts.audio.pitch import estimate_pitch
from tts.contract import MelContract

CONTRACT = MelContract()
RATE = CONTRACT.sample_rate


def voice(hertz: np.ndarray) -> np.ndarray:
    """Ten falling harmonics of a time-varying fundamental."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return sum(0.3 / k * np.sin(k * phase) for k in range(1, 11)).astype(np.float32)


@pytest.mark.parametrize("hertz", [80.0, 120.0, 231.7, 400.0])
def test_a_steady_voice_is_found_to_a_tenth_of_a_semitone(hertz: float) -> None:
    pitch = estimate_pitch(voice(np.full(RATE, hertz)), CONTRACT)
    inner = pitch[5:-5]
    assert (inner > 0).all()
    assert np.abs(12 * np.log2(inner / hertz)).max() < 0.1


def test_frames_are_those_of_the_mel() -> None:
    for samples in (1, 255, 256, 257, 10_000):
        wave = np.zeros(samples, np.float32)
        assert len(estimate_pitch(wave, CONTRACT)) == -(-samples // CONTRACT.hop)


def test_a_glide_is_followed_in_time() -> None:
    hertz = np.geomspace(100, 300, 2 * RATE)
    pitch = estimate_pitch(voice(hertz), CONTRACT)
    centers = np.arange(len(pitch)) * CONTRACT.hop + CONTRACT.hop // 2
    inner = slice(8, -8)
    truth = hertz[np.minimum(centers, len(hertz) - 1)]
    assert np.abs(12 * np.log2(pitch[inner] / truth[inner])).max() < 0.15


def test_silence_and_noise_have_no_pitch() -> None:
    assert not estimate_pitch(np.zeros(RATE, np.float32), CONTRACT).any()
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert (estimate_pitch(noise, CONTRACT) > 0).mean() < 0.1


def test_loudness_does_not_matter() -> None:
    wave = voice(np.full(RATE // 2, 150.0))
    assert np.allclose(estimate_pitch(wave, CONTRACT), estimate_pitch(0.01 * wave, CONTRACT), 1e-3)


def test_agrees_with_praat() -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    rng = np.random.default_rng(1)
    hertz = 150 + 40 * np.sin(np.linspace(0, 12, 2 * RATE))
    wave = voice(hertz) * (np.sin(np.linspace(0, 20, 2 * RATE)) > -0.5)
    wave = (wave + rng.normal(0, 0.005, len(wave))).astype(np.float32)
    ours = estimate_pitch(wave, CONTRACT)
    praat = parselmouth.Sound(wave.astype(float), RATE).to_pitch_ac(
        time_step=CONTRACT.hop / RATE, pitch_floor=65, pitch_ceiling=500
    )
    centers = (np.arange(len(ours)) + 0.5) * CONTRACT.hop / RATE
    theirs = np.nan_to_num([praat.get_value_at_time(t) for t in centers])
    assert ((ours > 0) == (theirs > 0)).mean() > 0.93
    both = (ours > 0) & (theirs > 0)
    assert np.median(np.abs(12 * np.log2(ours[both] / theirs[both]))) < 0.05

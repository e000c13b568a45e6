"""Bandwidth of recordings, and limiting it."""

import numpy as np
import pytest
import soxr
import torch

from tts.audio.bandwidth import bandwidth, limit_band
from tts.audio.mel import stft_magnitude
from tts.contract import MelContract

RATE = 22050


def noise(rate: int, seconds: float = 2.0) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.05, int(seconds * rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_recording_of_a_lower_rate_ends_at_half_of_it(rate: int) -> None:
    wave = torch.from_numpy(soxr.resample(noise(rate), rate, RATE))
    found = bandwidth(stft_magnitude(wave, MelContract()), RATE)
    assert found == pytest.approx(rate / 2, rel=0.05)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_a_recording_of_the_full_band_has_no_cutoff(rate: int) -> None:
    wave = torch.from_numpy(soxr.resample(noise(rate), rate, RATE))
    assert bandwidth(stft_magnitude(wave, MelContract()), RATE) is None
    assert bandwidth(torch.zeros(5, 513), RATE) is None


def test_each_row_has_its_own_cutoff() -> None:
    wave = torch.from_numpy(noise(RATE)[:8192])[None].repeat(2, 1)
    limited = limit_band(wave, torch.tensor([8000.0, RATE / 2]), RATE)
    assert torch.allclose(limited[1], wave[1], atol=1e-6)
    gain = torch.fft.rfft(limited[0]).abs() / torch.fft.rfft(wave[0]).abs()
    hertz = torch.linspace(0, RATE / 2, len(gain))
    assert torch.allclose(gain[hertz < 7500], torch.ones(1), atol=1e-3)
    assert gain[hertz > 8050].max() < 1e-3

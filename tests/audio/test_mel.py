"""Mel spectrograms: frame positions, filters and levels."""

import numpy as np
import pytest
import torch

from tts.audio.energy import energy
from tts.audio.mel import mel_filters, mel_spectrogram, stft_magnitude
from tts.contract import MelContract

CONTRACT = MelContract()


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("samples", [1, 255, 256, 257, 1000, 22050])
def test_frames_times_hop_covers_the_samples(samples: int, centered: bool) -> None:
    mel = mel_spectrogram(torch.randn(2, samples), MelContract(centered=centered))
    assert mel.shape == (2, -(-samples // CONTRACT.hop), CONTRACT.bands)


def test_a_tone_is_loudest_in_its_own_band() -> None:
    import librosa

    wave = torch.sin(2 * torch.pi * 1000 * torch.arange(22050) / 22050)
    band = mel_spectrogram(wave, CONTRACT).mean(0).argmax()
    centers = librosa.mel_frequencies(CONTRACT.bands + 2, fmin=0, fmax=8000)[1:-1]
    assert abs(centers[band] - 1000) < 50


def test_frames_are_centered_as_the_contract_says() -> None:
    click = torch.zeros(4096)
    click[2048] = 1.0  # the first sample of the ninth hop
    for centered in (False, True):
        loud = stft_magnitude(click, MelContract(centered=centered)).sum(1)
        ratio = loud[7] / loud[8]  # the frame before is as near, or one hop away
        assert ratio < 0.9 if centered else ratio == pytest.approx(1.0, abs=1e-2)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("normalization", ["slaney", "none"])
def test_filters_are_librosas(normalization: str, scale: str) -> None:
    import librosa

    contract = MelContract(normalization=normalization, scale=scale)
    norm = "slaney" if normalization == "slaney" else None
    theirs = librosa.filters.mel(
        sr=22050, n_fft=1024, n_mels=80, fmin=0, fmax=8000, norm=norm, htk=scale == "htk"
    )
    ours = mel_filters(contract, torch.zeros(1)).numpy()
    assert np.abs(ours - theirs).max() < 1e-5 * theirs.max()


def test_silence_is_at_the_floor() -> None:
    mel = mel_spectrogram(torch.zeros(5000), CONTRACT)
    assert torch.allclose(mel, torch.full_like(mel, float(np.log(1e-5))))


def test_ten_times_the_samples_is_twenty_decibels() -> None:
    wave = torch.randn(22050) * 0.05
    ratio = energy(stft_magnitude(10 * wave, CONTRACT)) - energy(stft_magnitude(wave, CONTRACT))
    assert torch.allclose(ratio, torch.full_like(ratio, float(np.log(10))), atol=1e-4)


def test_no_samples_is_an_error() -> None:
    with pytest.raises(ValueError, match="no samples"):
        mel_spectrogram(torch.zeros(0), CONTRACT)

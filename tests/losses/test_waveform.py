"""Distances between waveforms: zero for equals, deaf to phase where that is meant, known values."""

from types import SimpleNamespace

import pytest
import torch

from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss

LOSSES = [WaveMelLoss(22050), WaveMelLoss(22050, (512, 2048), (40, 100)), MultiResolutionSTFT()]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_wave_is_no_distance_from_itself(loss: WaveMelLoss) -> None:
    wave = torch.randn(2, 4096)
    output, batch = SimpleNamespace(wave=wave), SimpleNamespace(audio=wave)
    assert loss(output, batch) == pytest.approx(0.0, abs=1e-6)
    assert loss.distance(wave, torch.randn(2, 4096)) > 0.1


@pytest.mark.parametrize("loss", LOSSES)
def test_the_sign_is_not_heard(loss: WaveMelLoss) -> None:
    wave = torch.randn(1, 4096)
    assert loss.distance(-wave, wave) == pytest.approx(0.0, abs=1e-5)


def test_half_the_loudness_is_known() -> None:
    wave = torch.randn(1, 8192)
    assert WaveMelLoss(22050).distance(0.5 * wave, wave) == pytest.approx(0.693, abs=1e-3)
    # spectral convergence 0.5, log-magnitude ln 2
    assert MultiResolutionSTFT().distance(0.5 * wave, wave) == pytest.approx(1.193, abs=5e-3)


@pytest.mark.parametrize("loss", LOSSES)
def test_silence_has_a_gradient(loss: WaveMelLoss) -> None:
    wave = torch.zeros(1, 4096, requires_grad=True)
    loss.distance(wave, torch.randn(1, 4096)).backward()
    assert wave.grad is not None
    assert torch.isfinite(wave.grad).all()

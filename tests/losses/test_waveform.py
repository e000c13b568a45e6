"""Distances between waveforms: zero for equals, deaf to phase where that is meant, known values."""

from types import SimpleNamespace

import pytest
import torch

from tts.losses.waveform import AmplitudeLoss, MultiResolutionSTFT, PhaseLoss, WaveMelLoss

LOSSES = [
    WaveMelLoss(22050, (1024,), (100,)),
    WaveMelLoss(22050, (512, 2048), (40, 100)),
    MultiResolutionSTFT(),
]


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
    assert WaveMelLoss(22050, (1024,), (100,)).distance(0.5 * wave, wave) == pytest.approx(
        0.693, abs=1e-3
    )
    # spectral convergence 0.5, log-magnitude ln 2
    assert MultiResolutionSTFT().distance(0.5 * wave, wave) == pytest.approx(1.193, abs=5e-3)


@pytest.mark.parametrize("loss", LOSSES)
def test_silence_has_a_gradient(loss: WaveMelLoss) -> None:
    wave = torch.zeros(1, 4096, requires_grad=True)
    loss.distance(wave, torch.randn(1, 4096)).backward()
    assert wave.grad is not None
    assert torch.isfinite(wave.grad).all()


def spectra(turn: float = 0.0, slope: float = 0.0, louder: float = 1.0) -> SimpleNamespace:
    """A random spectrum beside itself: turned as a whole, turned more from frame to frame."""
    draw = torch.Generator().manual_seed(1)
    real = torch.randn(1, 9, 17, dtype=torch.complex64, generator=draw)
    angle = turn + slope * torch.arange(9.0)[None, :, None]
    return SimpleNamespace(spectrum=louder * real * torch.exp(1j * angle), target=real)


def test_the_phase_itself_is_free_and_how_it_goes_on_is_not() -> None:
    loss = PhaseLoss()
    assert loss(spectra(), None) == pytest.approx(0.0, abs=1e-5)
    assert loss(spectra(turn=1.3, louder=3.0), None) == pytest.approx(0.0, abs=1e-5)
    # over time each step is off by the slope, over frequency none
    assert loss(spectra(slope=0.5), None) == pytest.approx(0.25, abs=1e-4)
    assert loss(spectra(slope=0.5 + 2 * torch.pi), None) == pytest.approx(0.25, abs=1e-4)


def test_amplitudes_are_compared_by_themselves() -> None:
    loss = AmplitudeLoss()
    assert loss(spectra(turn=1.0, slope=2.0), None) == pytest.approx(0.0, abs=1e-5)
    assert loss(spectra(louder=2.0), None) == pytest.approx(0.693, abs=1e-3)


def test_a_vocoder_without_spectra_is_not_asked_for_them() -> None:
    wave = SimpleNamespace(wave=torch.zeros(1, 10), spectrum=None)
    assert AmplitudeLoss()(wave, None) is None
    assert PhaseLoss()(wave, None) is None


def test_phases_of_silence_have_a_finite_gradient() -> None:
    phase = torch.zeros(1, 5, 6, requires_grad=True)
    spectrum = torch.polar(torch.full((1, 5, 6), 1e-5), phase)
    target = torch.randn(1, 5, 6, dtype=torch.complex64)
    PhaseLoss()(SimpleNamespace(spectrum=spectrum, target=target), None).backward()
    assert phase.grad is not None
    assert torch.isfinite(phase.grad).all()
    assert phase.grad.abs().max() < 10

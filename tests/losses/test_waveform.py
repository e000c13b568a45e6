"""Spectral losses of waveforms: zero for equal ones, known values, phase, gradients."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from tts.contract import MelContract
from tts.errors import UserError
from tts.losses.waveform import AmplitudeLoss, MultiResolutionSTFT, PhaseLoss, WaveMelLoss
from tts.vocoders.vocoder import VocoderOutput
from tts.vocoders.vocos import Vocos

LOSSES = [
    WaveMelLoss(22050, (1024,), (100,)),
    WaveMelLoss(22050, (512, 2048), (40, 100)),
    MultiResolutionSTFT(),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_distance_of_equal_waves_is_zero(loss: WaveMelLoss) -> None:
    wave = torch.randn(2, 4096)
    output, batch = VocoderOutput(wave=wave), SimpleNamespace(audio=wave)
    assert loss(output, batch) == pytest.approx(0.0, abs=1e-6)
    assert loss.distance(wave, torch.randn(2, 4096)) > 0.1


@pytest.mark.parametrize("loss", LOSSES)
def test_the_sign_does_not_matter(loss: WaveMelLoss) -> None:
    wave = torch.randn(1, 4096)
    assert loss.distance(-wave, wave) == pytest.approx(0.0, abs=1e-5)


def test_half_the_amplitude_has_the_expected_distance() -> None:
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


def test_with_two_samples_of_noise_the_mel_loss_prefers_noise_to_a_tone() -> None:
    """The energy distance is least for samples of the recordings' own distribution."""
    random = torch.Generator().manual_seed(0)

    def noise() -> Tensor:
        return 0.1 * torch.randn(4, 16384, generator=random)

    loss = WaveMelLoss(22050, (256,), (20,), repulsion=1.0)
    batch = SimpleNamespace(audio=noise())
    # impulses: flat like the noise, and always the same; of the best level
    hum = torch.zeros(4, 16384)
    hum[:, ::100] = 1.0
    levels = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    best = min(levels, key=lambda level: float(loss(VocoderOutput(level * hum), batch)))
    hum = best * hum
    alone = [float(loss(VocoderOutput(wave), batch)) for wave in (noise(), hum)]
    pairs = [float(loss(VocoderOutput(one, second=other), batch))
             for one, other in ((noise(), noise()), (hum, hum))]  # fmt: skip
    assert alone[1] < alone[0], "one sample: the hum is nearer"
    assert pairs[0] < 0.8 * pairs[1], "two samples: the noise is"


def spectra(shift: float = 0.0, slope: float = 0.0, gain: float = 1.0) -> SimpleNamespace:
    """A random spectrum, and its copy with a phase of ``shift`` plus ``slope`` per frame added."""
    generator = torch.Generator().manual_seed(1)
    real = torch.randn(1, 9, 17, dtype=torch.complex64, generator=generator)
    angle = shift + slope * torch.arange(9.0)[None, :, None]
    return SimpleNamespace(spectrum=gain * real * torch.exp(1j * angle), target=real)


def test_phase_loss_compares_phase_differences_and_not_the_phase() -> None:
    loss = PhaseLoss()
    assert loss(spectra(), None) == pytest.approx(0.0, abs=1e-5)
    assert loss(spectra(shift=1.3, gain=3.0), None) == pytest.approx(0.0, abs=1e-5)
    # over time each step is off by the slope, over frequency none
    assert loss(spectra(slope=0.5), None) == pytest.approx(0.25, abs=1e-4)
    assert loss(spectra(slope=0.5 + 2 * torch.pi), None) == pytest.approx(0.25, abs=1e-4)


def test_amplitude_loss_ignores_the_phase() -> None:
    loss = AmplitudeLoss()
    assert loss(spectra(shift=1.0, slope=2.0), None) == pytest.approx(0.0, abs=1e-5)
    assert loss(spectra(gain=2.0), None) == pytest.approx(0.693, abs=1e-3)


@pytest.mark.parametrize("term", [AmplitudeLoss, PhaseLoss])
def test_spectrum_losses_need_a_predicted_spectrum(term: type[AmplitudeLoss]) -> None:
    vocos = partial(Vocos, MelContract(), 16, 32, 1)
    term().attach(vocos())
    with pytest.raises(UserError, match=f"{term.__name__} needs a predicted spectrum.*head"):
        term().attach(vocos(head="samples"))


def test_phases_of_silence_have_a_finite_gradient() -> None:
    phase = torch.zeros(1, 5, 6, requires_grad=True)
    spectrum = torch.polar(torch.full((1, 5, 6), 1e-5), phase)
    target = torch.randn(1, 5, 6, dtype=torch.complex64)
    PhaseLoss()(SimpleNamespace(spectrum=spectrum, target=target), None).backward()
    assert phase.grad is not None
    assert torch.isfinite(phase.grad).all()
    assert phase.grad.abs().max() < 10

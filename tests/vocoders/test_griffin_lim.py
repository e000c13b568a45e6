"""Griffin-Lim: lengths, repeatability, and that what it says has the mel it was given."""

import dataclasses

import pytest
import torch

from tts.audio.mel import (
    ContractError,
    MelContract,
    mel_from_magnitude,
    mel_spectrogram,
    stft_magnitude,
)
from tts.errors import UserError
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.inverse_mel import InverseMel

CONTRACT = MelContract()


def voice(seconds: float = 1.0) -> torch.Tensor:
    time = torch.arange(int(seconds * 22050) // 256 * 256) / 22050
    pitch = 150 + 30 * torch.sin(3 * time)
    phase = torch.cumsum(2 * torch.pi * pitch / 22050, 0)
    return sum(0.2 / k * torch.sin(k * phase) for k in range(1, 20))  # type: ignore[return-value]


@pytest.mark.parametrize("frames", [1, 2, 7, 86])
def test_frames_times_hop_is_samples(frames: int) -> None:
    wave = GriffinLim(CONTRACT, iterations=2)(torch.full((2, frames, 80), -5.0))
    assert wave.shape == (2, frames * 256)
    assert torch.isfinite(wave).all()


@pytest.mark.parametrize("centered", [False, True])
def test_the_copy_has_the_mel_it_was_made_from(centered: bool) -> None:
    contract = MelContract(centered=centered)
    mel = mel_spectrogram(voice(), contract)
    copy = GriffinLim(contract)(mel[None])[0]
    again = mel_spectrogram(copy, contract)
    inner = slice(3, -3)
    loud = mel[inner] > -4  # between the partials lies nothing to hear
    assert (mel[inner] - again[inner])[loud].abs().mean() < 0.2
    # in step with it too: one frame late or early fits worse
    shifted = (mel[3:-3] - again[4:-2])[loud].abs().mean()
    assert (mel[inner] - again[inner])[loud].abs().mean() < shifted


def test_the_same_mel_sounds_the_same_and_leaves_chance_alone() -> None:
    mel = mel_spectrogram(voice(0.3), CONTRACT)[None]
    vocoder = GriffinLim(CONTRACT, iterations=4)
    state = torch.get_rng_state()
    assert torch.equal(vocoder(mel), vocoder(mel))
    assert torch.equal(torch.get_rng_state(), state)


def test_more_iterations_fit_better() -> None:
    mel = mel_spectrogram(voice(), CONTRACT)

    def misfit(iterations: int) -> float:
        copy = GriffinLim(CONTRACT, iterations)(mel[None])[0]
        return float((mel_spectrogram(copy, CONTRACT) - mel).abs().mean())

    assert misfit(40) < misfit(2)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_fitted_magnitudes_have_the_mel_and_those_that_had_it_are_kept(power: float) -> None:
    contract = MelContract(power=power)
    inverse = InverseMel(contract, 3)
    # with enough noise that no band lies at the floor
    magnitude = stft_magnitude((voice() + 0.02 * torch.randn(22016))[None], contract)
    mel = mel_from_magnitude(magnitude, contract)
    assert torch.allclose(inverse.fitted(magnitude, mel), magnitude, rtol=0.01, atol=1e-4)
    other = magnitude * torch.rand(magnitude.shape).mul(2).sub(1).exp()

    def misfit(magnitude: torch.Tensor) -> float:
        return float((mel_from_magnitude(magnitude, contract) - mel).abs().mean())

    assert misfit(inverse.fitted(other, mel)) < 0.5 * misfit(other)
    assert torch.equal(inverse.fitted(other, mel)[..., -100:], other[..., -100:])  # above 8 kHz


@pytest.mark.parametrize("centered", [False, True])
def test_magnitudes_that_yield_come_nearer_to_the_mel(centered: bool) -> None:
    contract = MelContract(centered=centered)
    mel = mel_spectrogram(voice() + 0.02 * torch.randn(22016), contract)

    def misfit(magnitude_weight: float) -> float:
        copy = GriffinLim(contract, magnitude_weight=magnitude_weight)(mel[None])[0]
        return float((mel_spectrogram(copy, contract) - mel)[3:-3].abs().mean())

    assert misfit(0.0) < 0.5 * misfit(1.0)
    assert misfit(0.0) < misfit(0.5) < misfit(1.0)


def test_noise_stays_noise_where_magnitudes_yield() -> None:
    """Its magnitudes scatter by 5.6 dB, whatever the mel of it is; held to their mean they do not.

    The standard deviation of the logarithm of a Rayleigh magnitude.
    """
    torch.manual_seed(0)
    mel = mel_spectrogram(0.1 * torch.randn(22016), CONTRACT)

    def scatter(magnitude_weight: float) -> float:
        copy = GriffinLim(CONTRACT, magnitude_weight=magnitude_weight)(mel[None])
        decibels = 20 * stft_magnitude(copy, CONTRACT)[:, 3:-3, 200:350].log10()
        return float(decibels.std())

    assert scatter(1.0) < 4.5 < 5.0 < scatter(0.0) < 6.2


def test_another_contract_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match="fmax"):
        GriffinLim(CONTRACT).require(dataclasses.replace(CONTRACT, fmax=7600.0), "the run")


def test_impossible_settings_are_named() -> None:
    with pytest.raises(UserError, match="iterations"):
        GriffinLim(CONTRACT, iterations=0)
    with pytest.raises(UserError, match=r"vocoder.magnitude_weight=1.2 must lie in \[0, 1\]"):
        GriffinLim(CONTRACT, magnitude_weight=1.2)

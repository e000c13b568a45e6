"""Tests of Griffin-Lim: length, determinism, and consistency of the output with the mel."""

import dataclasses

import pytest
import torch

from tts.audio.mel import mel_from_magnitude, mel_spectrogram, stft_magnitude
from tts.contract import ContractError, MelContract
from tts.errors import UserError
from tts.vocoders import inverse_stft
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.inverse_mel import InverseMel

CONTRACT = MelContract()


def tone(seconds: float = 1.0) -> torch.Tensor:
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
def test_the_copy_has_the_input_mel(centered: bool) -> None:
    contract = MelContract(centered=centered)
    mel = mel_spectrogram(tone(), contract)
    copy = GriffinLim(contract)(mel[None])[0]
    again = mel_spectrogram(copy, contract)
    inner = slice(3, -3)
    loud = mel[inner] > -4  # bins between the partials are inaudible
    assert (mel[inner] - again[inner])[loud].abs().mean() < 0.2
    # and aligned: a shift of one frame is worse
    shifted = (mel[3:-3] - again[4:-2])[loud].abs().mean()
    assert (mel[inner] - again[inner])[loud].abs().mean() < shifted


def test_it_is_deterministic_and_keeps_the_random_state() -> None:
    mel = mel_spectrogram(tone(0.3), CONTRACT)[None]
    vocoder = GriffinLim(CONTRACT, iterations=4)
    state = torch.get_rng_state()
    assert torch.equal(vocoder(mel), vocoder(mel))
    assert torch.equal(torch.get_rng_state(), state)


def test_more_iterations_reduce_the_mel_error() -> None:
    mel = mel_spectrogram(tone(), CONTRACT)

    def mel_error(iterations: int) -> float:
        copy = GriffinLim(CONTRACT, iterations)(mel[None])[0]
        return float((mel_spectrogram(copy, CONTRACT) - mel).abs().mean())

    assert mel_error(40) < mel_error(2)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_match_mel_reaches_the_mel_and_keeps_magnitudes_that_have_it(power: float) -> None:
    contract = MelContract(power=power)
    inverse = InverseMel(contract, 3)
    # noise keeps all bands above the floor
    magnitude = stft_magnitude((tone() + 0.02 * torch.randn(22016))[None], contract)
    mel = mel_from_magnitude(magnitude, contract)
    assert torch.allclose(inverse.match_mel(magnitude, mel), magnitude, rtol=0.01, atol=1e-4)
    other = magnitude * torch.rand(magnitude.shape).mul(2).sub(1).exp()

    def mel_error(magnitude: torch.Tensor) -> float:
        return float((mel_from_magnitude(magnitude, contract) - mel).abs().mean())

    assert mel_error(inverse.match_mel(other, mel)) < 0.5 * mel_error(other)
    assert torch.equal(inverse.match_mel(other, mel)[..., -100:], other[..., -100:])  # above 8 kHz


@pytest.mark.parametrize("centered", [False, True])
def test_a_lower_magnitude_weight_reduces_the_mel_error(centered: bool) -> None:
    contract = MelContract(centered=centered)
    mel = mel_spectrogram(tone() + 0.02 * torch.randn(22016), contract)

    def mel_error(magnitude_weight: float) -> float:
        copy = GriffinLim(contract, magnitude_weight=magnitude_weight)(mel[None])[0]
        return float((mel_spectrogram(copy, contract) - mel)[3:-3].abs().mean())

    assert mel_error(0.0) < 0.5 * mel_error(1.0)
    assert mel_error(0.0) < mel_error(0.5) < mel_error(1.0)


def test_noise_keeps_its_magnitude_statistics_with_magnitude_weight_zero() -> None:
    """Log magnitudes of noise have a standard deviation of 5.6 dB (Rayleigh); fixed means less."""
    torch.manual_seed(0)
    mel = mel_spectrogram(0.1 * torch.randn(22016), CONTRACT)

    def deviation(magnitude_weight: float) -> float:
        copy = GriffinLim(CONTRACT, magnitude_weight=magnitude_weight)(mel[None])
        decibels = 20 * stft_magnitude(copy, CONTRACT)[:, 3:-3, 200:350].log10()
        return float(decibels.std())

    assert deviation(1.0) < 4.5 < 5.0 < deviation(0.0) < 6.2


@pytest.mark.parametrize("magnitude_weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("contract", [CONTRACT, MelContract(centered=True, power=2.0, hop=300)])
def test_refinement_in_blocks_equals_the_differentiable_one(
    contract: MelContract, magnitude_weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverse_stft, "BLOCK", 7)
    torch.manual_seed(0)
    mel = torch.randn(2, 24, contract.bands) - 4
    vocoder = GriffinLim(contract, iterations=3, magnitude_weight=magnitude_weight)
    differentiable = vocoder(mel)
    with torch.no_grad():
        assert torch.allclose(vocoder(mel), differentiable, atol=1e-4 * differentiable.abs().max())


def test_another_contract_raises_an_error_with_the_field() -> None:
    with pytest.raises(ContractError, match="fmax"):
        GriffinLim(CONTRACT).require(dataclasses.replace(CONTRACT, fmax=7600.0), "the run")


def test_invalid_options_raise_an_error_with_their_name() -> None:
    with pytest.raises(UserError, match="iterations"):
        GriffinLim(CONTRACT, iterations=0)
    with pytest.raises(UserError, match=r"vocoder.magnitude_weight=1.2 must lie in \[0, 1\]"):
        GriffinLim(CONTRACT, magnitude_weight=1.2)

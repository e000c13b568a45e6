"""Griffin-Lim: lengths, repeatability, and that what it says has the mel it was given."""

import dataclasses

import pytest
import torch

from tts.audio.mel import ContractError, MelContract, mel_spectrogram
from tts.errors import UserError
from tts.vocoders.griffin_lim import GriffinLim

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


@pytest.mark.parametrize("centred", [False, True])
def test_the_copy_has_the_mel_it_was_made_from(centred: bool) -> None:
    contract = MelContract(centred=centred)
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


def test_another_contract_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match="fmax"):
        GriffinLim(CONTRACT).require(dataclasses.replace(CONTRACT, fmax=7600.0), "the run")


def test_impossible_settings_are_named() -> None:
    with pytest.raises(UserError, match="iterations"):
        GriffinLim(CONTRACT, iterations=0)

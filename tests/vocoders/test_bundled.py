"""Tests of the bundled vocoder: size, documentation, quality against Griffin-Lim, fallback."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tts.audio.mel import mel_spectrogram
from tts.contract import MelContract
from tts.losses.waveform import WaveMelLoss
from tts.vocoders import load
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import BUNDLED, default_vocoder, load_vocoder
from tts.vocoders.vocos import Vocos

CONTRACT = MelContract()


@pytest.fixture(scope="module")
def speech() -> torch.Tensor:
    """Return speech of espeak-ng, which is not in the training data."""
    from tts.text import espeak

    with espeak.private() as library:
        speech = library.synthesize("The harbour was full of painted ships.", "en-us", "f3", 150)
    assert speech.sample_rate == CONTRACT.sample_rate
    wave = torch.from_numpy(speech.samples)
    return wave[: len(wave) // CONTRACT.hop * CONTRACT.hop]


def test_copy_synthesis_is_closer_than_griffin_lim(speech: torch.Tensor) -> None:
    mel = mel_spectrogram(speech, CONTRACT)[None]
    distance = WaveMelLoss(CONTRACT.sample_rate, (1024,), (100,)).distance
    bundled, griffin_lim = (
        float(distance(vocoder.synthesize(mel), speech[None]))
        for vocoder in (default_vocoder(CONTRACT), GriffinLim(CONTRACT, 100))
    )
    assert bundled < 0.8 * griffin_lim


def test_it_is_small_and_documented() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 15e6
    card = json.loads((BUNDLED / "voice.json").read_text())
    assert card["about"]["data"]
    assert card["about"]["license"]
    assert MelContract.from_dict(card["contract"]) == CONTRACT
    assert "Scores" in (BUNDLED / "README.md").read_text()


def test_another_mel_falls_back_to_griffin_lim_with_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(default_vocoder(CONTRACT), Vocos)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        assert isinstance(default_vocoder(replace(CONTRACT, fmax=7600.0)), GriffinLim)
        monkeypatch.setattr(load, "BUNDLED", tmp_path / "nowhere")
        assert isinstance(default_vocoder(CONTRACT), GriffinLim)
    assert "fmax" in caplog.messages[0]
    assert "nowhere" in caplog.messages[1]


def test_refinements_can_be_set_when_loading() -> None:
    vocoder = load_vocoder(CONTRACT, BUNDLED, "Vocos", refinements=2)
    assert isinstance(vocoder, Vocos)
    assert vocoder.refinements == 2
    same = load_vocoder(CONTRACT, BUNDLED, None, refinements=None)
    assert isinstance(same, Vocos)
    assert (
        same.refinements
        == json.loads((BUNDLED / "voice.json").read_text())["speaking"]["refinements"]
    )

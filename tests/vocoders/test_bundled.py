"""The vocoder that comes with the project: small, for the default mel, better than Griffin-Lim."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tts.audio.mel import MelContract, mel_spectrogram
from tts.losses.waveform import WaveMelLoss
from tts.vocoders import load
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import BUNDLED, default_vocoder, load_vocoder
from tts.vocoders.vocos import Vocos

CONTRACT = MelContract()


@pytest.fixture(scope="module")
def speech() -> torch.Tensor:
    """A voice it never heard, and not a human one."""
    from tts.text import espeak

    with espeak.private() as library:
        said = library.synthesize("The harbour was full of painted ships.", "en-us", "f3", 150)
    assert said.sample_rate == CONTRACT.sample_rate
    wave = torch.from_numpy(said.samples)
    return wave[: len(wave) // CONTRACT.hop * CONTRACT.hop]


def test_its_copies_are_nearer_than_griffin_lims(speech: torch.Tensor) -> None:
    mel = mel_spectrogram(speech, CONTRACT)[None]
    distance = WaveMelLoss(CONTRACT.sample_rate).distance
    ours, theirs = (
        float(distance(vocoder.speak(mel), speech[None]))
        for vocoder in (default_vocoder(CONTRACT), GriffinLim(CONTRACT, 100))
    )
    assert ours < 0.8 * theirs


def test_it_is_small_and_says_where_it_comes_from() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 15e6
    card = json.loads((BUNDLED / "voice.json").read_text())
    assert card["about"]["data"]
    assert card["about"]["license"]
    assert MelContract.from_dict(card["contract"]) == CONTRACT
    assert "Scores" in (BUNDLED / "README.md").read_text()


def test_another_mel_is_spoken_by_griffin_lim_and_said(
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


def test_more_refinements_are_a_setting_of_speaking() -> None:
    vocoder = load_vocoder(CONTRACT, BUNDLED, "Vocos", refinements=2)
    assert isinstance(vocoder, Vocos)
    assert vocoder.refinements == 2
    same = load_vocoder(CONTRACT, BUNDLED, refinements=None)
    assert isinstance(same, Vocos)
    assert (
        same.refinements
        == json.loads((BUNDLED / "voice.json").read_text())["config"]["model"]["refinements"]
    )

"""What is said of a reference recording: no speech, too short, noise, clipping, two speakers."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.metrics.recordings import synthesize
from tts.contract import MelContract
from tts.errors import UserError
from tts.speakers.reference import read_reference, reference_of_samples
from tts.speakers.reference_check import RATE, remarks, require_speech

CONTRACT = MelContract()
TEXT = "The harbour was full of painted ships, and nobody had seen the captain since the morning."


def at_16k(samples: np.ndarray) -> np.ndarray:
    return np.asarray(soxr.resample(samples, CONTRACT.sample_rate, RATE), np.float32)


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    return synthesize(TEXT, "f3")


def melody() -> np.ndarray:
    """Notes of a quarter of a second with three partials, which decay."""
    time = np.arange(6 * RATE) / RATE
    note = np.random.default_rng(0).integers(0, 13, 24)[(4 * time).astype(int)]
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (note / 12)) / RATE
    wave = sum(np.sin(k * phase) / k for k in (1, 2, 3)) * np.exp(-4 * (time % 0.25))
    return (0.2 * wave).astype(np.float32)


NOISE = np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(5 * RATE, np.float32), "silent"),
        (NOISE, "no speech was found"),
        (melody(), "it sounds like music or noise"),
        (NOISE[: int(0.3 * RATE)], r"0\.3 s of sound are too short"),
    ],
)
def test_what_is_no_speech_is_one_clear_error(samples: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=f"^reference=x.wav: .*{message}"):
        require_speech(samples, "reference=x.wav")


def test_clean_speech_has_no_remarks_and_noise_and_clipping_have_one_each(
    spoken: np.ndarray,
) -> None:
    speech = at_16k(spoken)
    require_speech(speech, "a")
    assert remarks(speech, 0.0) == []
    [clipped] = remarks(speech, 0.02)
    assert clipped.startswith("clipped: 2.0 %")
    noisy = speech + 0.3 * speech.std() * np.random.default_rng(0).normal(size=len(speech))
    require_speech(noisy, "a")
    [noise] = remarks(noisy.astype(np.float32), 0.0)
    assert noise.startswith("noisy: speech is ")
    [short] = remarks(speech[: 2 * RATE], 0.0)
    assert short.startswith("2.0 s are short")


def test_two_speakers_are_noticed(spoken: np.ndarray) -> None:
    other = at_16k(synthesize(TEXT, "m7"))
    both = np.concatenate([at_16k(spoken), other])
    assert any(line.startswith("there may be two speakers") for line in remarks(both, 0.0))
    assert remarks(np.concatenate([other, other[RATE:]]), 0.0) == []


def test_a_reference_has_the_statistics_of_its_speaker(spoken: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.concatenate([np.zeros(30_000, np.float32), spoken]), 22_050)
    reference = read_reference(path, CONTRACT, embedded=True)
    pitch_mean, pitch_std, energy_mean, energy_std = reference.statistics[0].tolist()
    assert 100 < np.exp(pitch_mean) < 300
    assert 0.05 < pitch_std < 0.6
    assert energy_std > 0.5
    assert reference.embedding is not None
    assert reference.embedding.shape == (1, 256)
    assert reference.mel.shape[1] < len(spoken) / 256 + 20  # without the silence
    louder = reference_of_samples(2 * spoken, CONTRACT).statistics[0, 2]
    quiet = reference_of_samples(spoken, CONTRACT).statistics[0, 2]
    assert float(louder - quiet) == pytest.approx(np.log(2), abs=1e-3)
    assert energy_mean == pytest.approx(float(quiet), abs=0.3)

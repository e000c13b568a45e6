"""Recordings with faults: named where they are unusable, mended where they are clear."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.audio.downmix import to_mono
from tts.audio.io import AudioError, read_audio
from tts.audio.trimming import levels, loud_windows, remove_offset

RATE = 22050
SIZE = 441
FORMATS = {
    "wav": ("WAV", "PCM_16"), "adpcm.wav": ("WAV", "IMA_ADPCM"), "rf64": ("RF64", "PCM_16"),
    "w64": ("W64", "PCM_16"), "aiff": ("AIFF", "PCM_16"), "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip


def speech(seconds: float = 1.5) -> np.ndarray:
    """A tone with noise between two silences of half a second."""
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).normal(0, 0.02, len(time))
    quiet = np.random.default_rng(1).normal(0, 1e-4, RATE // 2)
    return np.concatenate([quiet, 0.3 * np.sin(2 * np.pi * 200 * time) + noise, quiet])


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_that_was_cut_off_is_named(tmp_path: Path, ending: str) -> None:
    whole, cut = tmp_path / f"whole.{ending}", tmp_path / f"cut.{ending}"
    rate = 48000 if ending == "opus" else RATE
    form, subtype = FORMATS[ending]
    soundfile.write(whole, speech(), rate, format=form, subtype=subtype)
    read_audio(whole, rate)
    content = whole.read_bytes()
    for share in (0.7, 0.95):
        cut.write_bytes(content[: int(share * len(content))])
        with pytest.raises(AudioError, match=r"cut off|damaged"):
            read_audio(cut, rate)


def test_an_ogg_that_was_cut_between_two_pages_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", np.tile(speech(), 4), RATE)
    content = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(content[: content.rfind(b"OggS")])
    with pytest.raises(AudioError, match="not the end of the stream"):
        read_audio(tmp_path / "a.ogg", RATE)


@pytest.mark.parametrize("size", [0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_a_wav_that_was_written_to_a_pipe_is_complete(tmp_path: Path, size: int) -> None:
    soundfile.write(tmp_path / "a.wav", speech(), RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[40:44] = struct.pack("<I", size)
    (tmp_path / "a.wav").write_bytes(content)
    assert len(read_audio(tmp_path / "a.wav", RATE)) == len(speech())


@pytest.mark.parametrize("rate", [0, 1, 100, 3000, 2_000_000_000])
def test_a_sample_rate_that_no_speech_has_is_named(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", speech(), RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[24:28] = struct.pack("<I", rate)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav: (wrong sample rate|not audio)"):
        read_audio(tmp_path / "a.wav", RATE)


@pytest.mark.parametrize("value", [1e20, 1e30, -3e38, 32768.0, np.inf, np.nan])
def test_samples_far_above_full_scale_are_named(tmp_path: Path, value: float) -> None:
    wave = speech().astype(np.float32)
    wave[1000] = value
    soundfile.write(tmp_path / "a.wav", np.stack([wave, -wave], 1), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"a\.wav: samples"):
        read_audio(tmp_path / "a.wav", RATE)


def test_channels_of_opposite_polarity_do_not_cancel() -> None:
    wave = speech().astype(np.float32)
    assert np.allclose(to_mono(np.stack([wave, -wave], 1)), wave)
    assert np.allclose(
        np.abs(to_mono(np.stack([0.5 * wave, -wave, wave], 1))), np.abs(wave) * 2.5 / 3
    )
    other = np.random.default_rng(2).normal(0, 0.1, len(wave)).astype(np.float32)
    both = np.stack([wave, other], 1)
    assert np.array_equal(to_mono(both), both.mean(1))


def bounds(wave: np.ndarray) -> tuple[int, int]:
    loud, _ = loud_windows(levels(remove_offset(wave.astype(np.float32)), SIZE), 40.0)
    return int(loud[0]), int(loud[-1])


def with_clicks(*places: float) -> np.ndarray:
    wave = speech()
    for place in places:
        start = int(place * RATE)
        wave[start : start + 60] += 0.8 * np.random.default_rng(3).choice([-1, 1], 60)
    return wave


@pytest.mark.parametrize(
    "wave",
    [
        speech() + 0.01, speech() - 0.3, speech() + np.linspace(0, 0.05, len(speech())),
        with_clicks(0.1), with_clicks(2.4), with_clicks(0.1, 0.2), with_clicks(0.02, 2.45),
        0.02 * speech() + with_clicks(0.1) - speech(),
    ],
)  # fmt: skip
def test_offsets_and_clicks_do_not_keep_the_silence(wave: np.ndarray) -> None:
    assert bounds(wave) == bounds(speech())


def test_short_words_and_clean_recordings_stay() -> None:
    wave = speech()
    start = int(0.1 * RATE)
    wave[start : start + RATE // 10] += 0.2 * np.sin(np.arange(RATE // 10) * 0.06)  # 100 ms
    assert bounds(wave)[0] == 5
    clean = speech().astype(np.float32)
    assert remove_offset(clean) is clean
    assert abs(remove_offset(clean + np.float32(0.05)).mean()) < 1e-6

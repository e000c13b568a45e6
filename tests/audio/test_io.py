"""Audio files: writing and reading, and errors that name the file."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.audio.io import AudioError, audio_writer, read_audio

RATE = 22050


def tone(seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def write_audio(path: Path, wave: np.ndarray) -> None:
    with audio_writer(path, RATE) as write:
        write(wave)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_what_is_written_is_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"deep/er/tone.{ending}"
    write_audio(path, tone())
    read = read_audio(path, RATE)
    assert len(read) == len(tone())
    assert np.abs(read - tone()).max() < (0.05 if ending == "ogg" else 1e-4)
    assert list(path.parent.iterdir()) == [path]


def test_appended_pieces_equal_one_write(tmp_path: Path) -> None:
    with audio_writer(tmp_path / "a.wav", RATE) as write:
        for piece in np.array_split(tone(), 7):
            write(piece)
    write_audio(tmp_path / "b.wav", tone())
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", tone())
    before = (tmp_path / "a.wav").read_bytes()

    def fail() -> None:
        with audio_writer(tmp_path / "a.wav", RATE) as write:
            write(2 * tone())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / "a.wav").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_another_rate_keeps_the_seconds_and_the_tone(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(rate=48000), 48000)
    read = read_audio(tmp_path / "a.wav", RATE)
    assert abs(len(read) - len(tone())) <= 1
    assert np.abs(read[1000:-1000] - tone()[1000 : len(read) - 1000]).max() < 1e-2


def test_channels_are_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(), 0 * tone()], 1), RATE)
    assert np.allclose(read_audio(tmp_path / "a.wav", RATE), tone() / 2, atol=1e-4)


def test_a_segment_is_part_of_the_full_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(), RATE, subtype="FLOAT")
    full = read_audio(tmp_path / "a.wav", RATE)
    part = read_audio(tmp_path / "a.wav", RATE, segment=(0.1, 0.3))
    assert np.array_equal(part, full[2205:6615])


def test_loud_samples_are_clipped(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", np.full(100, 1.7, np.float32))
    assert read_audio(tmp_path / "a.wav", RATE).min() > 0.99


def broken(kind: str, folder: Path) -> Path:
    path = folder / "clip.wav"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is not audio at all")
    elif kind == "no samples":
        soundfile.write(path, np.zeros(0), RATE)
    elif kind == "truncated":
        soundfile.write(path.with_suffix(".flac"), tone(2.0), RATE)
        content = path.with_suffix(".flac").read_bytes()
        path = path.with_suffix(".flac")
        path.write_bytes(content[: len(content) // 2])
    elif kind == "nan":
        samples = tone()
        samples[7] = np.nan
        soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "no samples", "truncated", "nan"])
def test_each_fault_is_one_error_that_names_the_file(tmp_path: Path, kind: str) -> None:
    path = broken(kind, tmp_path)
    with pytest.raises(AudioError, match=path.name):
        read_audio(path, RATE)


def test_an_unknown_format_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"choose from \.wav"):
        write_audio(tmp_path / "a.docx", tone())
    assert not list(tmp_path.iterdir())

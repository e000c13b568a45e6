"""Audio files: writing and reading, and errors that name the file."""

import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.audio.io import AudioError, read_audio
from tts.audio.writer import audio_writer, file_rate

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
    elif kind == "huge":
        soundfile.write(path, tone() * np.float32(1e30), RATE, subtype="FLOAT")
    elif kind == "integers":
        soundfile.write(path, tone() * 32767, RATE, subtype="FLOAT")
    elif kind == "slow":
        soundfile.write(path, tone(), 1)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_bytes(b"x")
        path = path / "clip.wav"
    elif kind == "null character":
        path = folder / "clip.wav\0"
    return path


FAULTS = (
    "missing", "empty", "text", "no samples", "truncated", "nan", "huge", "integers", "slow",
    "folder", "loop", "below a file", "null character",
)  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_one_error_that_names_the_file(tmp_path: Path, kind: str) -> None:
    path = broken(kind, tmp_path)
    with pytest.raises(AudioError, match=path.name):
        read_audio(path, RATE)


def test_an_unknown_format_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"choose from \.wav"):
        write_audio(tmp_path / "a.docx", tone())
    assert not list(tmp_path.iterdir())


def test_a_file_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_audio(tmp_path / "a.wav", tone())

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError, match=r"a\.wav: .*[Pp]ermission denied"):
        read_audio(tmp_path / "a.wav", RATE)


@pytest.mark.parametrize(
    ("name", "form", "subtype", "rate"),
    [
        ("a.opus", "OGG", "OPUS", 24000),
        ("a.OPUS", "OGG", "OPUS", 24000),
        ("a.Ogg", "OGG", "VORBIS", RATE),
        ("a.MP3", "MP3", "MPEG_LAYER_III", RATE),
        ("a.FLAC", "FLAC", "PCM_16", RATE),
        ("a", "WAV", "PCM_16", RATE),
    ],
)
def test_the_extension_in_any_case_chooses_the_format_and_its_rate(
    tmp_path: Path, name: str, form: str, subtype: str, rate: int
) -> None:
    with audio_writer(tmp_path / name, RATE) as write:
        for piece in np.array_split(tone(8.0), 3):
            write(piece)
    found = soundfile.info(tmp_path / name)
    assert (found.format, found.subtype) == (form, subtype)
    assert found.duration == pytest.approx(8.0, abs=0.1)
    read = read_audio(tmp_path / name, RATE)
    assert np.std(read[2000:-2000]) == pytest.approx(np.std(tone()), rel=0.05)
    assert file_rate(name, RATE) == rate


@pytest.mark.parametrize(
    ("name", "rate", "stored"),
    [("a.opus", 16000, 16000), ("a.opus", 44100, 48000), ("a.mp3", 20000, 22050),
     ("a.mp3", 96000, 48000), ("a.wav", 12345, 12345)],
)  # fmt: skip
def test_the_stored_rate_keeps_the_band(name: str, rate: int, stored: int) -> None:
    assert file_rate(name, rate) == stored


@pytest.mark.parametrize("fault", ["below a file", "folder", "loop", "long"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, fault: str) -> None:
    path = broken(fault, tmp_path) if fault != "long" else tmp_path / f"{'x' * 300}.wav"
    with pytest.raises(AudioError, match=r"\.wav: .*; \w+"):
        write_audio(path, tone())
    assert not list(tmp_path.glob(".*"))

"""Audio formats of the server, encoded piece by piece while the speech is synthesized."""

import io
import struct
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import soundfile
import soxr

from tts.audio.writer import BLOCK, file_rate
from tts.audio.writer import FORMATS as CONTAINERS
from tts.errors import UserError

PCM_RATE = 24000  # Hz, of OpenAI's format pcm, which has no header
MEDIA_TYPES: Mapping[str, str] = {
    "mp3": "audio/mpeg", "opus": "audio/ogg; codecs=opus", "flac": "audio/flac", "wav": "audio/wav",
    "pcm": f"audio/pcm; rate={PCM_RATE}; channels=1", "ogg": "audio/ogg; codecs=vorbis",
}  # fmt: skip
UNKNOWN_LENGTH = 0xFFFFFFFF


class Encoder(Protocol):
    """Encodes one stream of samples."""

    def encode(self, wave: np.ndarray) -> bytes:
        """Return the bytes that ``(S,)`` more samples complete; there can be none."""

    def finish(self) -> bytes:
        """Return the rest."""


def make_encoder(name: str, sample_rate: int) -> Encoder:
    """Return an encoder of samples at ``sample_rate``. Raises UserError for an unknown format."""
    if name not in MEDIA_TYPES:
        raise UserError(
            f"response_format={name}: not available; choose from {', '.join(MEDIA_TYPES)}"
        )
    if name == "pcm":
        return _Pcm(sample_rate, PCM_RATE)
    if name == "wav":
        return _Pcm(sample_rate, sample_rate, wav_header(sample_rate))
    return _Compressed(name, sample_rate)


def to_int16(wave: np.ndarray) -> bytes:
    """Return samples in [-1, 1] as signed 16-bit little-endian."""
    return np.rint(np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()


def wav_header(sample_rate: int) -> bytes:
    """Return the header of a mono 16-bit WAV file of unknown length."""
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return b"".join(
        [
            b"RIFF", struct.pack("<I", UNKNOWN_LENGTH), b"WAVEfmt ", struct.pack("<I", len(form)),
            form, b"data", struct.pack("<I", UNKNOWN_LENGTH),
        ]
    )  # fmt: skip


class _Resampler:
    """From one rate in Hz to another, or nothing where they are equal."""

    def __init__(self, source: int, target: int) -> None:
        self._stream = None if source == target else soxr.ResampleStream(source, target, 1)

    def __call__(self, wave: np.ndarray, last: bool = False) -> np.ndarray:
        if self._stream is None:
            return wave
        return self._stream.resample_chunk(wave.astype(np.float32), last=last)


class _Pcm:
    def __init__(self, sample_rate: int, rate: int, header: bytes = b"") -> None:
        self._resample = _Resampler(sample_rate, rate)
        self._header = header

    def encode(self, wave: np.ndarray) -> bytes:
        header, self._header = self._header, b""
        return header + to_int16(self._resample(wave))

    def finish(self) -> bytes:
        return to_int16(self._resample(np.zeros(0, np.float32), last=True))


class _Compressed:
    """A format of libsndfile."""

    def __init__(self, name: str, sample_rate: int) -> None:
        rate = file_rate(f"speech.{name}", sample_rate)
        form = CONTAINERS[f".{name}"]
        subtype = "OPUS" if name == "opus" else soundfile.default_subtype(form)
        # players guess the length of a stream from its first bit rate
        constant = {"bitrate_mode": "CONSTANT", "compression_level": 0.5} if name == "mp3" else {}
        self._resample = _Resampler(sample_rate, rate)
        self._written = _Unread()
        self._whole = name == "flac"  # its readers rely on the length at the beginning
        self._file = soundfile.SoundFile(
            self._written, "w", rate, channels=1, subtype=subtype, format=form, **constant
        )

    def encode(self, wave: np.ndarray) -> bytes:
        self._append(self._resample(wave))
        return b"" if self._whole else self._written.take()

    def finish(self) -> bytes:
        self._append(self._resample(np.zeros(0, np.float32), last=True))
        self._file.close()
        return self._written.take()

    def _append(self, wave: np.ndarray) -> None:
        for start in range(0, len(wave), BLOCK):
            self._file.write(np.clip(wave[start : start + BLOCK], -1.0, 1.0))


class _Unread(io.RawIOBase):
    """File in memory of which only the end is kept that nobody has taken yet.

    libsndfile goes back to a header at the end, to fill in the length; a stream has sent it.
    """

    def __init__(self) -> None:
        self._content = bytearray()
        self._taken = self._position = 0

    def take(self) -> bytes:
        content = bytes(self._content)
        self._taken += len(content)
        self._content.clear()
        return content

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        end = self._taken + len(self._content)
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: end}[whence]
        self._position = base + offset
        return self._position

    def write(self, data: bytes) -> int:  # type: ignore[override]
        content = bytes(data)
        start = self._position - self._taken
        kept = content[max(-start, 0) :]
        self._content[max(start, 0) : max(start, 0) + len(kept)] = kept
        self._position += len(content)
        return len(content)

"""Audio files: reading mono samples in [-1, 1] at a given sample rate."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from tts.audio.completeness import missing_end
from tts.audio.downmix import to_mono
from tts.errors import UserError

RATES = (4000, 768000)  # Hz, lowest and highest of a recording of speech
MAX_PEAK = 100.0  # full scale is 1; samples beyond that are not in [-1, 1] at all
MAX_SAMPLES_PER_BYTE = 10000  # flac of pure silence has some 5,000


class AudioError(UserError):
    """A file without usable audio, or one that cannot be written; the message names it."""


def read_audio(
    path: str | os.PathLike[str],
    sample_rate: int,
    segment: tuple[float, float] | None = None,
) -> np.ndarray:
    """Read ``(S,)`` float32 samples, channels averaged, resampled to ``sample_rate`` (Hz).

    ``segment``: first and last second to read, None = all. Formats are those of libsndfile: wav,
    flac, ogg, opus, mp3. Raises :class:`AudioError` for a file that is missing, empty, damaged, cut
    off or not audio, and for a sample rate or samples that cannot be those of speech.
    """
    path = Path(path)
    _require_content(path)
    try:
        with soundfile.SoundFile(path) as file:
            rate, total = file.samplerate, file.frames
            _require_speech(file, path)
            if segment is None:
                if (reason := missing_end(path)) is not None:
                    raise AudioError(f"{path}: cut off, {reason}: copy it again")
                start, count = 0, total
            else:
                start, stop = (round(seconds * rate) for seconds in segment)
                if not 0 <= start < stop:
                    raise AudioError(
                        f"{path}: segment {segment} s must start at 0 s or later and end after it"
                    )
                if start >= total:
                    raise AudioError(
                        f"{path}: segment {segment} s starts after the end of the file, "
                        f"{total / rate:.2f} s"
                    )
                count = min(stop, total) - start
                file.seek(start)
            try:
                samples = file.read(count, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioError(
                    f"{path}: cut off or damaged, it cannot be decoded to its end "
                    f"({error.error_string.strip()}): copy it again"
                ) from error
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: not audio or damaged ({error.error_string.strip()})") from error
    except OSError as error:  # also a file that is removed meanwhile
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from error
    if len(samples) == 0:
        raise AudioError(f"{path}: no samples in the file")
    if len(samples) < count:
        raise AudioError(
            f"{path}: cut off, {len(samples) / rate:.2f} s of {count / rate:.2f} s can be read; "
            "copy it again"
        )
    peak = float(np.abs(samples).max())
    if not np.isfinite(peak):
        raise AudioError(f"{path}: samples that are NaN or infinite; export the file again")
    if peak > MAX_PEAK:
        raise AudioError(
            f"{path}: samples up to {peak:.3g}, where full scale is 1; export the file again"
        )
    mono = to_mono(samples)
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate)
    return np.ascontiguousarray(mono, dtype=np.float32)


class AudioFormat(NamedTuple):
    """How a file stores its samples."""

    sample_rate: int  # Hz
    subtype: str  # libsndfile's name: PCM_16, PCM_24, FLOAT, ...


def audio_format(path: str | os.PathLike[str]) -> AudioFormat:
    """Return how a file stores its samples. Raises :class:`AudioError` as :func:`read_audio`."""
    path = Path(path)
    _require_content(path)
    try:
        with soundfile.SoundFile(path) as file:
            _require_speech(file, path)
            return AudioFormat(file.samplerate, file.subtype)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: not audio or damaged ({error.error_string.strip()})") from error


def _require_content(path: Path) -> None:
    """Raise AudioError unless ``path`` is a file that may be read and is not empty."""
    try:
        if not path.is_file():
            raise AudioError(f"{path}: no such file")
        if path.stat().st_size == 0:
            raise AudioError(f"{path}: empty file; copy it again")
        path.open("rb").close()
    except OSError as error:  # libsndfile gives no reason
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from error


def _require_speech(file: soundfile.SoundFile, path: Path) -> None:
    """Raise AudioError for a header that no recording of speech has.

    Resampling from a rate that is far off would need all memory, and so would reading the samples
    that a damaged header announces.
    """
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise AudioError(
            f"{path}: wrong sample rate, its header says {file.samplerate} Hz and speech has "
            f"{RATES[0]} to {RATES[1]} Hz; export the file again"
        )
    if file.frames > MAX_SAMPLES_PER_BYTE * path.stat().st_size:
        raise AudioError(
            f"{path}: cut off or damaged, its header announces {file.frames / file.samplerate:.0f} "
            f"s of audio in {path.stat().st_size} bytes: copy it again"
        )

"""Audio files written piece by piece, in the format and at a rate that their names allow."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tts.audio.io import AudioError
from tts.files import FileError, atomic_path, file_error, probe

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".opus": "OGG", ".mp3": "MP3"}
RATES = {  # the only ones that a format has, in Hz
    ".opus": (8000, 12000, 16000, 24000, 48000),
    ".mp3": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
}
BITS = {"PCM_16": 16, "PCM_24": 24}
WIDE = ("PCM_32", "FLOAT", "DOUBLE")  # subtypes of more bits than 24
MAX_RATES = {".flac": 655350}  # Hz
BLOCK = 1 << 16  # samples per write: libsndfile's Vorbis encoder keeps them on the stack


def file_rate(path: str | os.PathLike[str], sample_rate: int) -> int:
    """Return the rate in Hz at which a file of this name stores audio of ``sample_rate``.

    It is the lowest rate of the format that keeps the band, or its highest rate.
    """
    suffix = Path(path).suffix.lower()
    rates = RATES.get(suffix)
    if rates is None:
        return min(sample_rate, MAX_RATES.get(suffix, sample_rate))
    return min((rate for rate in rates if rate >= sample_rate), default=max(rates))


def stored_as(path: str | os.PathLike[str], subtype: str) -> str | None:
    """Return the subtype with which a file of this name keeps samples of ``subtype`` as they are.

    None where its format has none, as those that compress with losses.
    """
    form = FORMATS.get(Path(path).suffix.lower())
    if form == "WAV":
        return subtype if subtype == "PCM_24" else "FLOAT" if subtype in WIDE else "PCM_16"
    if form == "FLAC":
        return "PCM_24" if subtype == "PCM_24" or subtype in WIDE else "PCM_16"
    return None


def _whole(wave: np.ndarray, bits: int) -> np.ndarray:
    """Return samples as int32 of which the first ``bits`` count, the inverse of reading them."""
    full = 2.0 ** (bits - 1)
    numbers = np.rint(wave.astype(np.float64) * full).clip(-full, full - 1)
    return (numbers * 2.0 ** (32 - bits)).astype(np.int32)


@contextmanager
def audio_writer(
    path: str | os.PathLike[str], sample_rate: int, subtype: str | None = None
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends ``(S,)`` samples; the file's extension chooses the format.

    Samples are resampled to :func:`file_rate` and clipped to [-1, 1]. ``subtype``: from
    :func:`stored_as`; samples read from such a file are written as they were. The file is created
    at the first samples, under a temporary name until the end, so that an incomplete file is never
    left. Raises :class:`AudioError` when the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower() or ".wav"
    if suffix not in FORMATS:
        raise AudioError(f"{path}: cannot write {suffix}; choose from {', '.join(FORMATS)}")
    form = FORMATS[suffix]
    bits = BITS.get(subtype or "")
    subtype = subtype or ("OPUS" if suffix == ".opus" else soundfile.default_subtype(form))
    rate = file_rate(path, sample_rate)
    resampler = soxr.ResampleStream(sample_rate, rate, 1) if rate != sample_rate else None
    file: soundfile.SoundFile | None = None

    def append(wave: np.ndarray) -> None:
        assert file is not None
        for start in range(0, len(wave), BLOCK):
            block = np.clip(wave[start : start + BLOCK], -1.0, 1.0)
            file.write(block if bits is None else _whole(block, bits))

    with _naming_errors(path), ExitStack() as stack:

        def write(wave: np.ndarray) -> None:
            nonlocal file
            with _naming_errors(path):
                if file is None:
                    temporary = stack.enter_context(atomic_path(path))
                    file = stack.enter_context(
                        soundfile.SoundFile(
                            temporary, "w", rate, channels=1, subtype=subtype, format=form
                        )
                    )
                append(wave if resampler is None else resampler.resample_chunk(wave))

        yield write
        if file is not None and resampler is not None:
            append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))


@contextmanager
def _naming_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except AudioError:
        raise
    except soundfile.LibsndfileError as error:
        try:
            probe(path)  # libsndfile does not say what the system reported
        except FileError as reason:
            raise AudioError(str(reason)) from error
        raise AudioError(
            f"{path}: cannot be written ({error}); check the folder and the free space"
        ) from error
    except OSError as error:
        raise AudioError(str(file_error(error, path))) from error
    except FileError as error:
        raise AudioError(str(error)) from error

"""Audio files: reading and writing mono samples in [-1, 1] at a given sample rate."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tts.errors import UserError


class AudioError(UserError):
    """A file without usable audio, or one that cannot be written; the message names it."""


def read_audio(
    path: str | os.PathLike[str],
    sample_rate: int,
    segment: tuple[float, float] | None = None,
) -> np.ndarray:
    """Read ``(S,)`` float32 samples, channels averaged, resampled to ``sample_rate`` (Hz).

    ``segment``: first and last second to read, None = all. Formats are those of libsndfile: wav,
    flac, ogg, opus, mp3. Raises :class:`AudioError` for a file that is missing, empty, damaged,
    truncated or not audio.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: empty file; copy it again")
    try:
        with soundfile.SoundFile(path) as file:
            rate, total = file.samplerate, file.frames
            if segment is None:
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
            samples = file.read(count, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: not audio or damaged ({error.error_string.strip()})") from error
    if len(samples) == 0:
        raise AudioError(f"{path}: no samples in the file")
    if len(samples) < count:
        raise AudioError(
            f"{path}: truncated, {len(samples) / rate:.2f} s of {count / rate:.2f} s can be read; "
            "copy it again"
        )
    mono = samples.mean(1) if samples.shape[1] > 1 else samples[:, 0]
    if not np.isfinite(mono).all():
        raise AudioError(f"{path}: samples that are NaN or infinite; export the file again")
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate)
    return np.ascontiguousarray(mono, dtype=np.float32)


@contextmanager
def audio_writer(
    path: str | os.PathLike[str], sample_rate: int
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends ``(S,)`` samples; the file's extension chooses the format.

    Samples are clipped to [-1, 1]. The file is created at the first samples, under a temporary name
    until the end, so that an incomplete file is never left. Raises :class:`AudioError` when the
    file cannot be written.
    """
    path = Path(path)
    form = path.suffix[1:].upper() or "WAV"
    form = {"OPUS": "OGG", "AIF": "AIFF"}.get(form, form)
    if form not in soundfile.available_formats():
        raise AudioError(
            f"{path}: cannot write the format .{form.lower()}; choose from .wav, .flac, .ogg"
        )
    subtype = "OPUS" if path.suffix == ".opus" else soundfile.default_subtype(form)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    file: soundfile.SoundFile | None = None

    def write(wave: np.ndarray) -> None:
        nonlocal file
        with _naming_errors(path):
            if file is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = soundfile.SoundFile(
                    temporary, "w", sample_rate, channels=1, subtype=subtype, format=form
                )
            file.write(np.clip(wave, -1.0, 1.0))

    try:
        try:
            yield write
        finally:
            if file is not None:
                with _naming_errors(path):
                    file.close()
        if file is not None:
            with _naming_errors(path):
                temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _naming_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(
            f"{path}: cannot be written ({error}); check the folder and the free space"
        ) from error

"""Reading and writing audio files. Floats in [-1, 1], mono, at the rate asked for."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tts.errors import UserError


class AudioError(UserError):
    """A file that holds no usable audio; the message names it."""


def read_audio(
    path: str | os.PathLike[str],
    sample_rate: int,
    segment: tuple[float, float] | None = None,
) -> np.ndarray:
    """``(S,)`` float32 samples, channels averaged, resampled to ``sample_rate``.

    ``segment``: only from second ``a`` to second ``b``. wav, flac, ogg, opus, mp3: what libsndfile
    reads. Raises :class:`AudioError` for a file that is missing, empty, damaged, cut off or not
    audio.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: the file is empty")
    try:
        with soundfile.SoundFile(path) as file:
            rate, promised = file.samplerate, file.frames
            if segment is None:
                start, count = 0, promised
            else:
                start, stop = (round(seconds * rate) for seconds in segment)
                if not 0 <= start < stop:
                    raise AudioError(f"{path}: the segment {segment} s is not a stretch of time")
                if start >= promised:
                    raise AudioError(
                        f"{path}: the segment {segment} s starts after the end, "
                        f"{promised / rate:.2f} s"
                    )
                count = min(stop, promised) - start
                file.seek(start)
            samples = file.read(count, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: not audio, or damaged ({error.error_string.strip()})") from error
    if len(samples) == 0:
        raise AudioError(f"{path}: it holds no samples")
    if len(samples) < count:
        raise AudioError(
            f"{path}: cut off, its header promises {count / rate:.2f} s and "
            f"{len(samples) / rate:.2f} s are there"
        )
    mono = samples.mean(1) if samples.shape[1] > 1 else samples[:, 0]
    if not np.isfinite(mono).all():
        raise AudioError(f"{path}: it holds samples that are not numbers")
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate)
    return np.ascontiguousarray(mono, dtype=np.float32)


def write_audio(path: str | os.PathLike[str], wave: np.ndarray, sample_rate: int) -> None:
    """Write ``(S,)`` samples in [-1, 1], as :func:`audio_writer` does."""
    with audio_writer(path, sample_rate) as write:
        write(wave)


@contextmanager
def audio_writer(
    path: str | os.PathLike[str], sample_rate: int
) -> Iterator[Callable[[np.ndarray], None]]:
    """What writes ``(S,)`` samples behind those before; the ending names the format.

    Louder samples are limited to [-1, 1]. Nothing is made before the first of them; what is written
    has a temporary name until the end, so no half file is ever left. Raises :class:`AudioError`
    when the folder or the disk does not let it.
    """
    path = Path(path)
    form = path.suffix[1:].upper() or "WAV"
    form = {"OPUS": "OGG", "AIF": "AIFF"}.get(form, form)
    if form not in soundfile.available_formats():
        raise AudioError(f"{path}: cannot write .{form.lower()}; try .wav or .flac")
    subtype = "OPUS" if path.suffix == ".opus" else soundfile.default_subtype(form)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    file: soundfile.SoundFile | None = None

    def write(wave: np.ndarray) -> None:
        nonlocal file
        with _told(path):
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
                with _told(path):
                    file.close()
        if file is not None:
            with _told(path):
                temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"{path}: cannot be written ({error})") from error

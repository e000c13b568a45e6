"""Speech written to standard output while it is synthesized: a WAV file, or samples alone."""

import os
import stat
import struct
import sys
import time
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import numpy as np

from tts.console import reader_left

UNKNOWN = 0xFFFFFFFF  # a size that is not known yet, as ffmpeg and sox write it
HEADER = 44  # bytes


class Streamed(NamedTuple):
    """What was written."""

    samples: int
    first: float | None  # seconds until the first samples were written
    closed: bool  # whether the reader closed the pipe before the end


def write_stream(pieces: Iterable[np.ndarray], rate: int, raw: bool) -> Streamed:
    """Write samples ``(S,)`` as 16-bit integers, little-endian, mono, as they are synthesized.

    Not ``raw``: after the header of a WAV file of unknown length, which is filled in at the end
    where standard output is a file. A reader that closes the pipe ends it without an error.
    """
    began = time.perf_counter()
    output = sys.stdout.buffer
    samples, first = 0, None
    try:
        start = _position(output)
        if not raw:
            output.write(wav_header(rate, None))
        for piece in pieces:
            output.write((np.clip(piece, -1, 1) * 32767).round().astype("<i2").tobytes())
            output.flush()
            if reader_left():
                return Streamed(samples, first, closed=True)
            samples += len(piece)
            first = time.perf_counter() - began if first is None else first
        if not raw and start is not None:
            output.seek(start)
            output.write(wav_header(rate, samples))
            output.seek(0, os.SEEK_END)
        output.flush()
    except BrokenPipeError:  # of a stream that tts.console does not protect
        # what is still buffered would fail again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Streamed(samples, first, closed=True)
    return Streamed(samples, first, closed=False)


def wav_header(rate: int, samples: int | None) -> bytes:
    """Return the header of a 16-bit mono WAV file; None: of unknown length."""
    size = UNKNOWN if samples is None else 2 * samples
    total = UNKNOWN if samples is None else min(size + HEADER - 8, UNKNOWN)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", total, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size,
    )  # fmt: skip


def _position(output: BinaryIO) -> int | None:
    """Return where the file begins, or None for a pipe, a terminal and a file that is appended."""
    try:
        is_file = stat.S_ISREG(os.fstat(output.fileno()).st_mode)
        start = output.tell() if is_file else None
    except (OSError, ValueError):
        return None
    return start if start == 0 else None

"""Reference recording of a voice: its mel, pitch and energy statistics, and speaker embedding."""

import logging
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
import torch
from torch import Tensor

from tts.audio.energy import energy
from tts.audio.io import read_audio
from tts.audio.mel import mel_from_magnitude, stft_magnitude
from tts.audio.pitch import estimate_pitch
from tts.audio.trimming import WINDOW, levels, loud_windows, remove_offset
from tts.contract import MelContract
from tts.speakers.reference_check import LONGEST, RATE, remarks, require_speech

log = logging.getLogger(__name__)
MARGIN = 0.08  # seconds of silence that are kept at both ends, as in prepared corpora
FULL_SCALE = 0.999


class Reference(NamedTuple):
    """What a voice is copied from."""

    mel: Tensor  # (1, R, M) natural-log magnitude
    statistics: Tensor  # (1, 4) mean and deviation of ln F0 and of log energy
    embedding: Tensor | None = None  # (1, E) speaker embedding

    def to(self, device: torch.device) -> "Reference":
        embedding = None if self.embedding is None else self.embedding.to(device)
        return Reference(self.mel.to(device), self.statistics.to(device), embedding)


def read_reference(
    path: str | os.PathLike[str], contract: MelContract, embedded: bool = False
) -> Reference:
    """Read and check a recording; log what will make the copy worse, one line each.

    ``embedded``: with its speaker embedding. Raises AudioError for a file that cannot be read and
    UserError for one without usable speech.
    """
    name = f"reference={path}"
    samples = remove_offset(read_audio(Path(path), contract.sample_rate))
    speech = np.asarray(soxr.resample(samples, contract.sample_rate, RATE), np.float32)
    require_speech(speech, name)
    start, stop = _bounds(speech)
    clipped = float((np.abs(samples) >= FULL_SCALE).mean())
    for line in remarks(speech[round(start * RATE) : round(stop * RATE)], clipped):
        log.warning("%s: %s", name, line)
    stop = min(stop, start + LONGEST)
    rate = contract.sample_rate
    return reference_of_samples(
        samples[round(start * rate) : round(stop * rate)], contract, embedded
    )


def reference_of_samples(
    samples: np.ndarray, contract: MelContract, embedded: bool = False
) -> Reference:
    """Return the reference of ``(S,)`` samples at the contract's rate, without checks."""
    magnitude = stft_magnitude(torch.from_numpy(np.ascontiguousarray(samples)), contract)
    hertz = estimate_pitch(samples, contract)
    pitch, loudness = np.log(hertz[hertz > 0]), energy(magnitude).numpy()
    if len(pitch) == 0:
        pitch = np.full(1, 5.0)  # a whisper: about the mean of all speakers
    moments = [each for values in (pitch, loudness) for each in (values.mean(), values.std())]
    embedding = None
    if embedded:
        from tts.speakers.bundled import embed_speaker

        speech = np.asarray(soxr.resample(samples, contract.sample_rate, RATE), np.float32)
        embedding = torch.from_numpy(embed_speaker(speech))[None]
    return Reference(
        mel_from_magnitude(magnitude, contract)[None],
        torch.tensor([moments], dtype=torch.float32),
        embedding,
    )


def _bounds(samples: np.ndarray) -> tuple[float, float]:
    """Return where speech begins and ends in ``(S,)`` samples at 16 kHz, in seconds."""
    loud, _ = loud_windows(levels(samples, int(WINDOW * RATE)), 40.0)
    start, stop = int(loud[0]) * WINDOW - MARGIN, (int(loud[-1]) + 1) * WINDOW + MARGIN
    return max(start, 0.0), min(stop, len(samples) / RATE)

"""Features of a recording alone, whatever is said in it: mel, pitch, energy, 16-bit samples."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

import numpy as np
import soxr
import torch
from torch import Tensor

from tts.audio.bandwidth import bandwidth
from tts.audio.energy import energy
from tts.audio.io import MAX_PEAK, read_audio
from tts.audio.mel import mel_from_magnitude, stft_magnitude
from tts.audio.pitch import estimate_pitch
from tts.audio.trimming import WINDOW, levels, loud_windows, remove_offset
from tts.contract import MelContract
from tts.data.corpora.source import Source
from tts.data.prepare_settings import PrepareSettings
from tts.data.store import FULL_SCALE, to_half

VERSION = 2  # of this file's features: a change makes them anew
CLIPPED = 0.999  # of full scale
SHAPING = ("trim_db", "trim_margin", "silent_db", "pitch_min", "pitch_max")  # of PrepareSettings


class Dropped(Exception):
    """The utterance is unusable; the message gives the cause and the remedy.

    The words before the first comma are the class of reasons that the report counts.
    """


@dataclass
class Sums:
    """Running sums from which the corpus's statistics are computed."""

    voiced: float = 0.0
    pitch: float = 0.0
    pitch_square: float = 0.0
    frames: float = 0.0
    energy: float = 0.0
    energy_square: float = 0.0
    mel: float = 0.0
    mel_square: float = 0.0

    def add(self, other: "Sums") -> None:
        for name, value in vars(other).items():
            vars(self)[name] += value


@dataclass
class Acoustics:
    """Features of a trimmed recording, and what else was found in it."""

    start: float  # seconds trimmed off the front
    seconds: float  # after trimming
    clipped: float  # share of samples at full scale
    bandwidth: float | None  # Hz, see Row
    fingerprint: str  # of the samples, to find the same recording twice
    sums: Sums
    features: dict[str, Tensor] = field(default_factory=dict)


def acoustics_key(
    source: Source, contract: MelContract, settings: PrepareSettings, file_hash: str | None
) -> str | None:
    """Return a hash of all that shapes the acoustics; None when the audio is not known.

    ``file_hash``: of ``source.audio``.
    """
    if source.samples is not None:
        audio: object = [hashlib.sha256(source.samples.tobytes()).hexdigest(), source.sample_rate]
    elif file_hash is not None:
        audio = [file_hash, source.segment]
    else:
        return None
    shaping = {name: value for name, value in asdict(settings).items() if name in SHAPING}
    key = json.dumps([VERSION, contract.to_dict(), shaping, audio], sort_keys=True)
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def extract_acoustics(
    source: Source, contract: MelContract, settings: PrepareSettings
) -> Acoustics:
    """Compute the features of a recording. Raises Dropped or AudioError where it is unusable."""
    rate = contract.sample_rate
    raw = _samples(source, rate)
    samples = remove_offset(raw)
    start, stop = _speech_bounds(samples, rate, settings)
    seconds = (stop - start) / rate
    clipped = float((np.abs(raw[start:stop]) >= CLIPPED).mean())
    require_usable(seconds, clipped, settings)  # first: hours of audio would take long
    wave = samples[start:stop]
    wave = np.pad(wave, (0, -len(wave) % contract.hop))
    tensor = torch.from_numpy(wave)
    magnitude = stft_magnitude(tensor, contract)
    mel = mel_from_magnitude(magnitude, contract)
    loudness = energy(magnitude)
    pitch = torch.from_numpy(estimate_pitch(wave, contract, settings.pitch_min, settings.pitch_max))
    if not all(torch.isfinite(part).all() for part in (to_half(mel), pitch, loudness)):
        raise Dropped(
            "mel or energy is not finite, silence has no logarithm: set audio.floor above 0 "
            f"(it is {contract.floor:g})"
        )
    audio = (tensor.clamp(-1, 1) * FULL_SCALE).round().to(torch.int16)
    return Acoustics(
        start=start / rate,
        seconds=seconds,
        clipped=clipped,
        bandwidth=bandwidth(magnitude, rate),
        fingerprint=hashlib.sha256(audio.numpy().tobytes()).hexdigest()[:16],
        sums=_sums(mel, pitch, loudness),
        features={"mel": to_half(mel), "pitch": pitch, "energy": loudness, "audio": audio},
    )


def require_usable(seconds: float, clipped: float, settings: PrepareSettings) -> None:
    """Raise Dropped for a recording that is too short, too long or clipped (share of samples)."""
    if seconds < settings.min_seconds:
        raise Dropped(
            f"too short, {seconds:.2f} s after trimming are below "
            f"data.prepare.min_seconds={settings.min_seconds:g}"
        )
    if seconds > settings.max_seconds:
        raise Dropped(
            f"too long, {seconds:.2f} s after trimming are above "
            f"data.prepare.max_seconds={settings.max_seconds:g}: split it"
        )
    if clipped > settings.max_clipped:
        raise Dropped(
            f"clipped, {100 * clipped:.1f} % of its samples are at full scale, above "
            f"data.prepare.max_clipped={settings.max_clipped:g}: export it at a lower level"
        )


def _samples(source: Source, rate: int) -> np.ndarray:
    if source.audio is not None:
        samples = read_audio(source.audio, rate, source.segment)
        if len(samples) == 0:
            raise Dropped("too short, it has hardly a sample")
        return samples
    if source.samples is None:
        raise Dropped("no audio, the corpus gives neither a file nor samples for it")
    assert source.sample_rate is not None
    if len(source.samples) == 0 or not float(np.abs(source.samples).max()) <= MAX_PEAK:
        raise Dropped("no usable samples, they are missing, not finite or far above full scale")
    return soxr.resample(source.samples, source.sample_rate, rate).astype(np.float32)


def _speech_bounds(samples: np.ndarray, rate: int, settings: PrepareSettings) -> tuple[int, int]:
    """Return the first sample to keep and the one after the last, without the outer silence.

    A margin of silence stays, so that the first and last sound keep their onset and decay.
    """
    size = int(WINDOW * rate)
    loud, loudest = loud_windows(levels(samples, size), settings.trim_db)
    if len(loud) == 0 or loudest < 10 ** (settings.silent_db / 20):
        raise Dropped(
            f"silent, its loudest 20 ms are at {20 * np.log10(max(loudest, 1e-10)):.0f} dB, below "
            f"data.prepare.silent_db={settings.silent_db:g}"
        )
    margin = int(settings.trim_margin * rate)
    start, stop = int(loud[0]) * size - margin, (int(loud[-1]) + 1) * size + margin
    return max(start, 0), min(stop, len(samples))


def _sums(mel: Tensor, pitch: Tensor, loudness: Tensor) -> Sums:
    log_pitch = pitch[pitch > 0].double().log()
    loudness, mel = loudness.double(), mel.double()
    return Sums(
        voiced=float(len(log_pitch)),
        pitch=float(log_pitch.sum()),
        pitch_square=float(log_pitch.square().sum()),
        frames=float(len(loudness)),
        energy=float(loudness.sum()),
        energy_square=float(loudness.square().sum()),
        mel=float(mel.mean(1).sum()),
        mel_square=float(mel.square().mean(1).sum()),
    )

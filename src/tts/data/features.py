"""One utterance: from a :class:`Source` to the features a model trains on, or to why not."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.audio.bandwidth import bandwidth
from tts.audio.energy import energy
from tts.audio.io import AudioError, read_audio
from tts.audio.mel import mel_from_magnitude, stft_magnitude
from tts.audio.pitch import estimate_pitch
from tts.contract import MelContract
from tts.data.corpora.source import Source
from tts.data.prepare_settings import PrepareSettings
from tts.data.store import Row, to_half
from tts.data.timing import ends_from_words, frames_from_ends
from tts.text.frontend import Frontend, TextError

FRAME_SECONDS = 0.02  # of the loudness used for trimming


@dataclass
class Sums:
    """Running sums that become the corpus's statistics."""

    voiced: float = 0.0
    pitch: float = 0.0
    pitch_square: float = 0.0
    frames: float = 0.0
    energy: float = 0.0
    energy_square: float = 0.0
    mel: float = 0.0
    mel_square: float = 0.0

    def add(self, other: "Sums") -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Utterance:
    """A row and, when it is kept so far, its features and sums."""

    row: Row
    features: dict[str, Tensor] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    fingerprint: str = ""  # of the samples, to find the same recording twice
    clipped: float = 0.0  # share of samples at full scale


class Dropped(Exception):
    """Not a fault of the program: the utterance is unusable, and this says why."""


def extract(
    source: Source, frontend: Frontend, contract: MelContract, settings: PrepareSettings
) -> Utterance:
    """Everything about one utterance. Never raises for bad data: the row says why it is dropped."""
    row = Row(
        id=source.id, text=source.text, normalized="", phonemes="", speaker=source.speaker,
        language=source.language, seconds=0.0, frames=0, tokens=0, kept=False, reason=None,
        split=None, shard=None, source=None if source.audio is None else str(source.audio),
    )  # fmt: skip
    utterance = Utterance(row)
    try:
        _speak(source, frontend, utterance)
        wave, offset = _trimmed(_samples(source, contract.sample_rate), contract, settings)
        _analyze(source, frontend, contract, settings, wave, offset, utterance)
        row.kept = True
    except (Dropped, TextError, AudioError) as reason:
        row.reason = str(reason)
        utterance.features = {}
    return utterance


def _speak(source: Source, frontend: Frontend, utterance: Utterance) -> None:
    row = utterance.row
    if source.phonemes is not None:
        row.normalized, row.phonemes = source.normalized or source.text, source.phonemes
        unknown = sorted(set(source.phonemes) - set(frontend.symbols))
    else:
        spoken = frontend(source.normalized or source.text, source.language)
        row.normalized, row.phonemes = spoken.normalized, spoken.phonemes
        unknown = list(spoken.unknown)
    if unknown:
        raise Dropped(f"unknown symbols {' '.join(map(repr, unknown[:8]))} in its text")
    table = {symbol: index for index, symbol in enumerate(frontend.symbols)}
    tokens = torch.tensor([table[symbol] for symbol in row.phonemes], dtype=torch.int16)
    row.tokens = len(tokens)
    utterance.features["tokens"] = tokens


def _samples(source: Source, rate: int) -> np.ndarray:
    if source.samples is None:
        if source.audio is None:
            raise Dropped("it has no audio")
        return read_audio(source.audio, rate, source.segment)
    import soxr

    assert source.sample_rate is not None
    return soxr.resample(source.samples, source.sample_rate, rate).astype(np.float32)


def _trimmed(
    wave: np.ndarray, contract: MelContract, settings: PrepareSettings
) -> tuple[np.ndarray, int]:
    """Without the silence around it, and the samples cut off its front.

    Loudness is measured in 20 ms frames against the loudest; a margin of silence stays, so that
    the first and last sound keep their rise and fall.
    """
    rate = contract.sample_rate
    size = int(FRAME_SECONDS * rate)
    padded = np.pad(wave, (0, -len(wave) % size))
    loudness = np.sqrt((padded.reshape(-1, size) ** 2).mean(1))
    if loudness.max() < 10 ** (settings.silent_db / 20):
        raise Dropped("silent")
    loud = np.flatnonzero(loudness > loudness.max() * 10 ** (-settings.trim_db / 20))
    margin = int(settings.trim_margin * rate)
    start = max(int(loud[0]) * size - margin, 0)
    stop = min((int(loud[-1]) + 1) * size + margin, len(wave))
    seconds = (stop - start) / rate
    if seconds < settings.min_seconds:
        raise Dropped(f"too short, {seconds:.2f} s after trimming")
    if seconds > settings.max_seconds:
        raise Dropped(f"too long, {seconds:.2f} s after trimming")
    return wave[start:stop], start


def _analyze(
    source: Source,
    frontend: Frontend,
    contract: MelContract,
    settings: PrepareSettings,
    wave: np.ndarray,
    offset: int,
    utterance: Utterance,
) -> None:
    row, hop = utterance.row, contract.hop
    utterance.clipped = float((np.abs(wave) >= 0.999).mean())
    if utterance.clipped > settings.max_clipped:
        raise Dropped(f"clipped, {100 * utterance.clipped:.1f} % of its samples at full scale")
    wave = np.pad(wave, (0, -len(wave) % hop))
    samples = torch.from_numpy(wave)
    magnitude = stft_magnitude(samples, contract)
    mel = mel_from_magnitude(magnitude, contract)
    loudness = energy(magnitude)
    pitch = torch.from_numpy(estimate_pitch(wave, contract, settings.pitch_min, settings.pitch_max))
    row.bandwidth = bandwidth(magnitude, contract.sample_rate)
    row.frames, row.seconds = len(mel), round(len(wave) / contract.sample_rate, 4)
    if row.frames < row.tokens:
        raise Dropped(f"too fast: {row.tokens} symbols in {row.frames} frames")
    utterance.features |= {
        "mel": to_half(mel),
        "pitch": pitch,
        "energy": loudness,
        "audio": (samples.clamp(-1, 1) * 32767).round().to(torch.int16),
    }
    if (ends := _ends(source, frontend, row, offset / contract.sample_rate)) is not None:
        durations = frames_from_ends(ends, row.frames, hop / contract.sample_rate)
        utterance.features["durations"] = torch.from_numpy(durations).to(torch.int32)
        row.timed = True
    utterance.fingerprint = _fingerprint(utterance.features["audio"])
    utterance.sums = _sums(mel, pitch, loudness)


def _ends(source: Source, frontend: Frontend, row: Row, offset: float) -> list[float] | None:
    """End of each token in seconds after trimming, or None where nobody gave times."""
    if source.phoneme_ends is not None:
        return [max(end - offset, 0.0) for end in source.phoneme_ends]
    if source.timings is None:
        return None
    words = [(w, max(a - offset, 0.0), max(b - offset, 0.0)) for w, a, b in source.timings]

    def phonemize(word: str) -> str:
        try:
            return frontend(word, source.language).phonemes
        except TextError:  # a dash standing alone is no spoken word
            return ""

    return ends_from_words(row.phonemes, words, row.seconds, phonemize)


def _fingerprint(audio: Tensor) -> str:
    import hashlib

    return hashlib.sha256(audio.numpy().tobytes()).hexdigest()[:16]


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


def utterance_state(utterance: Utterance) -> dict[str, Any]:
    """What the last step of preparing needs of an utterance, as plain data."""
    return {
        "row": vars(utterance.row),
        "sums": vars(utterance.sums),
        "fingerprint": utterance.fingerprint,
        "clipped": utterance.clipped,
    }

"""Feature extraction of one utterance: mel, pitch, energy, tokens and durations."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np
import soxr
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
from tts.data.store import FULL_SCALE, Row, to_half
from tts.data.timing import ends_from_words, frames_from_ends
from tts.plain_data import PlainData
from tts.text.frontend import Frontend, TextError

LOUDNESS_WINDOW = 0.02  # seconds, for trimming
CLIPPED = 0.999  # of full scale


class Recipe(NamedTuple):
    """What shapes the features of every utterance."""

    frontend: Frontend
    contract: MelContract
    settings: PrepareSettings

    def to_dict(self) -> PlainData:
        """Return plain data that changes whenever the features would change."""
        return {
            "frontend": self.frontend.to_dict(),
            "contract": self.contract.to_dict(),
            "settings": asdict(self.settings),
        }


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
class Utterance:
    """A row and, while it is kept, its features and sums."""

    row: Row
    features: dict[str, Tensor] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    fingerprint: str = ""  # of the samples, to find the same recording twice
    clipped: float = 0.0  # share of samples at full scale


class Dropped(Exception):
    """The utterance is unusable; the message gives the cause and the remedy.

    The words before the first comma are the class of reasons that the report counts.
    """


def extract(source: Source, recipe: Recipe) -> Utterance:
    """Extract the features of one utterance; never raises for bad data, see ``row.reason``."""
    row = Row(
        id=source.id, text=source.text, normalized="", phonemes="", speaker=source.speaker,
        language=source.language, seconds=0.0, frames=0, tokens=0, kept=False, reason=None,
        split=None, shard=None, source=None if source.audio is None else str(source.audio),
    )  # fmt: skip
    utterance = Utterance(row)
    try:
        _add_tokens(utterance, source, recipe.frontend)
        samples = _samples(source, recipe.contract.sample_rate)
        start, stop = _speech_bounds(samples, recipe.contract.sample_rate, recipe.settings)
        _add_acoustics(utterance, samples[start:stop], recipe)
        _add_durations(utterance, source, recipe, start / recipe.contract.sample_rate)
        row.kept = True
    except TextError as error:
        row.reason = f"unusable text, {error}"
    except (Dropped, AudioError) as error:
        row.reason = str(error)
    if not row.kept:
        utterance.features = {}
    return utterance


def _add_tokens(utterance: Utterance, source: Source, frontend: Frontend) -> None:
    row = utterance.row
    if source.phonemes is not None:
        row.normalized, row.phonemes = source.normalized or source.text, source.phonemes
        unknown = sorted(set(source.phonemes) - set(frontend.symbols))
    else:
        read = frontend(source.normalized or source.text, source.language)
        row.normalized, row.phonemes = read.normalized, read.phonemes
        unknown = list(read.unknown)
    if unknown:
        raise Dropped(
            f"unknown symbols, its text has {' '.join(map(repr, unknown[:8]))}, which cannot be "
            "spoken: replace them by words"
        )
    table = {symbol: index for index, symbol in enumerate(frontend.symbols)}
    tokens = torch.tensor([table[symbol] for symbol in row.phonemes], dtype=torch.int16)
    row.tokens = len(tokens)
    utterance.features["tokens"] = tokens


def _samples(source: Source, rate: int) -> np.ndarray:
    if source.samples is not None:
        assert source.sample_rate is not None
        return soxr.resample(source.samples, source.sample_rate, rate).astype(np.float32)
    if source.audio is None:
        raise Dropped("no audio, the corpus gives neither a file nor samples for it")
    return read_audio(source.audio, rate, source.segment)


def _speech_bounds(samples: np.ndarray, rate: int, settings: PrepareSettings) -> tuple[int, int]:
    """Return the first sample to keep and the one after the last, without the outer silence.

    Loudness is measured in 20 ms windows relative to the loudest; a margin of silence stays, so
    that the first and last sound keep their onset and decay.
    """
    size = int(LOUDNESS_WINDOW * rate)
    padded = np.pad(samples, (0, -len(samples) % size))
    loudness = np.sqrt((padded.reshape(-1, size) ** 2).mean(1))
    if (loudest := loudness.max()) < 10 ** (settings.silent_db / 20):
        raise Dropped(
            f"silent, its loudest 20 ms are at {20 * np.log10(max(loudest, 1e-10)):.0f} dB, below "
            f"data.prepare.silent_db={settings.silent_db:g}"
        )
    loud = np.flatnonzero(loudness > loudest * 10 ** (-settings.trim_db / 20))
    margin = int(settings.trim_margin * rate)
    start = max(int(loud[0]) * size - margin, 0)
    stop = min((int(loud[-1]) + 1) * size + margin, len(samples))
    seconds = (stop - start) / rate
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
    return start, stop


def _add_acoustics(utterance: Utterance, wave: np.ndarray, recipe: Recipe) -> None:
    """Add mel, pitch, energy and 16-bit audio of the trimmed samples."""
    row, contract, settings = utterance.row, recipe.contract, recipe.settings
    utterance.clipped = float((np.abs(wave) >= CLIPPED).mean())
    if utterance.clipped > settings.max_clipped:
        raise Dropped(
            f"clipped, {100 * utterance.clipped:.1f} % of its samples are at full scale, above "
            f"data.prepare.max_clipped={settings.max_clipped:g}: export it at a lower level"
        )
    wave = np.pad(wave, (0, -len(wave) % contract.hop))
    samples = torch.from_numpy(wave)
    magnitude = stft_magnitude(samples, contract)
    mel = mel_from_magnitude(magnitude, contract)
    loudness = energy(magnitude)
    pitch = torch.from_numpy(estimate_pitch(wave, contract, settings.pitch_min, settings.pitch_max))
    row.bandwidth = bandwidth(magnitude, contract.sample_rate)
    row.frames, row.seconds = len(mel), round(len(wave) / contract.sample_rate, 4)
    if row.frames < row.tokens:
        raise Dropped(
            f"too fast, {row.tokens} symbols in {row.frames} frames: check that the audio holds "
            "all of the text"
        )
    audio = (samples.clamp(-1, 1) * FULL_SCALE).round().to(torch.int16)
    utterance.features |= {"mel": to_half(mel), "pitch": pitch, "energy": loudness, "audio": audio}
    utterance.fingerprint = hashlib.sha256(audio.numpy().tobytes()).hexdigest()[:16]
    utterance.sums = _sums(mel, pitch, loudness)


def _add_durations(utterance: Utterance, source: Source, recipe: Recipe, offset: float) -> None:
    """Add durations where the corpus gives times; ``offset``: seconds trimmed off the front."""
    ends = _token_ends(source, recipe.frontend, utterance.row, offset)
    if ends is None:
        return
    durations = frames_from_ends(ends, utterance.row.frames, recipe.contract.seconds(1))
    utterance.features["durations"] = torch.from_numpy(durations).to(torch.int32)
    utterance.row.timed = True


def _token_ends(source: Source, frontend: Frontend, row: Row, offset: float) -> list[float] | None:
    """Return the end of each token in seconds after trimming, or None without times."""
    if source.phoneme_ends is not None:
        return [max(end - offset, 0.0) for end in source.phoneme_ends]
    if source.timings is None:
        return None
    words = [(w, max(a - offset, 0.0), max(b - offset, 0.0)) for w, a, b in source.timings]

    def phonemize(word: str) -> str:
        try:
            return frontend(word, source.language).phonemes
        except TextError:  # for example a dash between spaces
            return ""

    return ends_from_words(row.phonemes, words, row.seconds, phonemize)


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


def utterance_state(utterance: Utterance) -> Mapping[str, object]:
    """Return as plain data what the last step of preparing needs of an utterance."""
    return {
        "row": vars(utterance.row),
        "sums": vars(utterance.sums),
        "fingerprint": utterance.fingerprint,
        "clipped": utterance.clipped,
    }

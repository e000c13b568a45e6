"""What is measured: somebody's saying of a sentence, and the recording beside it."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import soxr
import torch

from tts.audio.mel import MelContract, mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.metrics.dtw import dtw, mel_cepstra

SPEECH_RATE = 16000  # Hz, what recognizers and opinion predictors hear
LEVEL = -26.0  # dBFS, or loudness would decide
Found = TypeVar("Found")


class AlignedFeatures(NamedTuple):
    """A take and its reference, frame by frame."""

    mels: tuple[np.ndarray, np.ndarray]  # (T, M), (T', M) natural-log magnitudes
    pitches: tuple[np.ndarray, np.ndarray]  # (T,), (T',) Hz, 0 = unvoiced
    pairs: np.ndarray  # (P, 2) frames that belong together


class EvaluationSample:
    """``wave (S,)`` at the contract's rate, and what was to be said.

    ``reference``: the recording of the sentence; ``aligned``: to it, sample for sample, as copies
    are. What several measures need is worked out once.
    """

    def __init__(
        self,
        wave: np.ndarray,
        contract: MelContract,
        text: str = "",
        language: str = "en-us",
        reference: "EvaluationSample | None" = None,
        aligned: bool = False,
    ) -> None:
        self.wave, self.contract = np.asarray(wave, dtype=np.float32), contract
        self.text, self.language = text, language
        self.reference, self.aligned = reference, aligned
        self._found: dict[Callable[[EvaluationSample], object], object] = {}

    def once(self, find: Callable[["EvaluationSample"], Found]) -> Found:
        """``find(self)``, worked out the first time alone."""
        if find not in self._found:
            self._found[find] = find(self)
        return self._found[find]  # type: ignore[return-value]

    @cached_property
    def spoken(self) -> np.ndarray:
        """``(S',)`` without the silence around."""
        return trim(self.wave, self.contract.sample_rate)

    @cached_property
    def speech(self) -> np.ndarray:
        """``(S',)`` at 16 kHz and -26 dBFS, without the silence around, within [-1, 1]."""
        return np.clip(level(resample(self.spoken, self.contract.sample_rate), LEVEL), -1, 1)

    @cached_property
    def mel(self) -> np.ndarray:
        """``(T, M)`` of what is spoken."""
        return _mel(self.spoken, self.contract)

    @cached_property
    def pitch(self) -> np.ndarray:
        """``(T,)`` Hz of what is spoken, 0 where unvoiced."""
        return estimate_pitch(self.spoken, self.contract)

    @cached_property
    def beside(self) -> AlignedFeatures | None:
        """Sample and reference: each frame beside its own where they are aligned, else warped."""
        if (other := self.reference) is None:
            return None
        if self.aligned:
            count = min(len(self.wave), len(other.wave))
            waves = self.wave[:count], other.wave[:count]
            one, two = (_mel(wave, self.contract) for wave in waves)
            pitches = tuple(estimate_pitch(wave, self.contract) for wave in waves)
            pairs = np.stack([np.arange(len(one))] * 2, axis=1)
            return AlignedFeatures((one, two), pitches, pairs)  # type: ignore[arg-type]
        pairs = dtw(mel_cepstra(self.mel), mel_cepstra(other.mel))
        return AlignedFeatures((self.mel, other.mel), (self.pitch, other.pitch), pairs)


def resample(wave: np.ndarray, rate: int) -> np.ndarray:
    """``(S,)`` samples -> ``(S',)`` at 16 kHz."""
    return np.asarray(soxr.resample(wave.astype(np.float32), rate, SPEECH_RATE))


def level(wave: np.ndarray, dbfs: float) -> np.ndarray:
    """Scale ``(S,)`` samples to a root mean square of ``dbfs``; silence stays silent."""
    loudness = float(np.sqrt(np.mean(wave**2)))
    return wave * (10 ** (dbfs / 20) / loudness) if loudness > 1e-6 else wave


def trim(wave: np.ndarray, rate: int, db: float = 40.0, margin: float = 0.1) -> np.ndarray:
    """Cut what is ``db`` below the loudest 20 ms at both ends, leaving ``margin`` seconds."""
    loudness = loudness_of(wave, size := int(0.02 * rate))
    if loudness.max() < 1e-5:
        return wave
    loud = np.flatnonzero(loudness > loudness.max() * 10 ** (-db / 20))
    keep = int(margin * rate)
    return wave[max(loud[0] * size - keep, 0) : (loud[-1] + 1) * size + keep]


def loudness_of(wave: np.ndarray, size: int) -> np.ndarray:
    """``(S,)`` -> root mean square of every ``size`` samples."""
    rows = np.pad(wave, (0, -len(wave) % size)).reshape(-1, size)
    return np.sqrt((rows.astype(np.float64) ** 2).mean(1))


def _mel(wave: np.ndarray, contract: MelContract) -> np.ndarray:
    return mel_spectrogram(torch.from_numpy(wave), contract).numpy()

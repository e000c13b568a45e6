"""Input of the metrics: one waveform with its text and, if there is one, its recording."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import soxr
import torch

from tts.audio.level import normalize_level
from tts.audio.mel import mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.contract import MelContract
from tts.metrics.dtw import dtw, mel_cepstra

SPEECH_SAMPLE_RATE = 16000  # Hz, the input of recognizers, MOS predictors and speaker encoders
SPEECH_LEVEL = -26.0  # dBFS, so that loudness does not change the predictions
Result = TypeVar("Result")


class AlignedFeatures(NamedTuple):
    """Mel and F0 of a sample and its reference, with the frames that correspond."""

    mel: np.ndarray  # (T, M) natural-log magnitudes
    reference_mel: np.ndarray  # (R, M)
    pitch: np.ndarray  # (T,) Hz, 0 = unvoiced
    reference_pitch: np.ndarray  # (R,)
    path: np.ndarray  # (P, 2) pairs of frame indices: sample, reference


class EvaluationSample:
    """A waveform ``wave (S,)`` at the contract's rate, and the ``text`` it should contain.

    ``reference``: the recording of the same sentence. ``aligned``: the waveform is time-aligned to
    the reference, as copy synthesis is. Features that several measures share are computed once.
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
        self._cache: dict[Callable[[EvaluationSample], object], object] = {}

    def cached(self, compute: Callable[["EvaluationSample"], Result]) -> Result:
        """Return ``compute(self)``, computed at the first call only."""
        if compute not in self._cache:
            self._cache[compute] = compute(self)
        return self._cache[compute]  # type: ignore[return-value]

    @cached_property
    def trimmed(self) -> np.ndarray:
        """``(S',)`` waveform without leading and trailing silence."""
        return trim_silence(self.wave, self.contract.sample_rate)

    @cached_property
    def speech(self) -> np.ndarray:
        """``(S',)`` trimmed waveform at 16 kHz and -26 dBFS, clipped to [-1, 1]."""
        speech = resample_to_16k(self.trimmed, self.contract.sample_rate)
        return np.clip(normalize_level(speech, SPEECH_LEVEL), -1, 1)

    @cached_property
    def mel(self) -> np.ndarray:
        """``(T, M)`` log mel of the trimmed waveform."""
        return _mel(self.trimmed, self.contract)

    @cached_property
    def pitch(self) -> np.ndarray:
        """``(T,)`` F0 of the trimmed waveform in Hz, 0 = unvoiced."""
        return estimate_pitch(self.trimmed, self.contract)

    @cached_property
    def aligned_features(self) -> AlignedFeatures | None:
        """Features of sample and reference, frame by frame if ``aligned``, else warped by DTW.

        None without a reference.
        """
        if (other := self.reference) is None:
            return None
        if self.aligned:
            count = min(len(self.wave), len(other.wave))
            waves = self.wave[:count], other.wave[:count]
            mel, reference_mel = (_mel(wave, self.contract) for wave in waves)
            pitch, reference_pitch = (estimate_pitch(wave, self.contract) for wave in waves)
            path = np.stack([np.arange(len(mel))] * 2, axis=1)
            return AlignedFeatures(mel, reference_mel, pitch, reference_pitch, path)
        path = dtw(mel_cepstra(self.mel), mel_cepstra(other.mel))
        return AlignedFeatures(self.mel, other.mel, self.pitch, other.pitch, path)


def resample_to_16k(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Resample ``(S,)`` samples from ``sample_rate`` to 16 kHz."""
    return np.asarray(soxr.resample(wave.astype(np.float32), sample_rate, SPEECH_SAMPLE_RATE))


def trim_silence(
    wave: np.ndarray, sample_rate: int, db: float = 40.0, margin: float = 0.1
) -> np.ndarray:
    """Cut both ends of ``(S,)`` samples that are ``db`` below the loudest 20 ms.

    ``margin`` seconds are kept on either side.
    """
    rms = frame_rms(wave, size := int(0.02 * sample_rate))
    if rms.max() < 1e-5:
        return wave
    loud = np.flatnonzero(rms > rms.max() * 10 ** (-db / 20))
    keep = int(margin * sample_rate)
    return wave[max(loud[0] * size - keep, 0) : (loud[-1] + 1) * size + keep]


def frame_rms(wave: np.ndarray, size: int) -> np.ndarray:
    """Return the RMS of every ``size`` samples of ``(S,)``."""
    frames = np.pad(wave, (0, -len(wave) % size)).reshape(-1, size)
    return np.sqrt((frames.astype(np.float64) ** 2).mean(1))


def _mel(wave: np.ndarray, contract: MelContract) -> np.ndarray:
    return mel_spectrogram(torch.from_numpy(wave), contract).numpy()

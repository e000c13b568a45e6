"""F0 metrics: standard deviation, RMSE, correlation and voicing error."""

import math
from typing import NamedTuple

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Statistics


def f0_std(pitch: np.ndarray) -> float:
    """Return the standard deviation of voiced F0 in semitones; NaN if unvoiced.

    ``pitch (T,)`` in Hz, 0 = unvoiced. Monotone speech has about 0 semitones, read speech 3 to 5.
    """
    voiced = pitch[pitch > 0]
    return float(12 * np.std(np.log2(voiced))) if len(voiced) > 1 else float("nan")


class F0Errors(NamedTuple):
    """Distance between two F0 contours."""

    rmse: float  # semitones, over frames voiced in both; 0 is best, NaN if there are none
    correlation: float  # of log F0, same frames; 1 is best, NaN if a contour is constant
    voicing: float  # share of frames voiced in only one of the two; 0 is best


def f0_errors(pitch: np.ndarray, reference: np.ndarray, path: np.ndarray | None = None) -> F0Errors:
    """Compare two F0 contours ``(T,)`` and ``(R,)`` in Hz, 0 = unvoiced.

    Log-F0 RMSE, correlation and voicing decision error, as in voice conversion (Toda et al. 2007).
    ``path (P, 2)``: the frames to compare; None: frame by frame. Cost: that of the pitch
    estimation, 12 ms per second of audio.
    """
    if path is None:
        count = min(len(pitch), len(reference))
        path = np.stack([np.arange(count)] * 2, axis=1)
    f0, reference_f0 = pitch[path[:, 0]], reference[path[:, 1]]
    both = (f0 > 0) & (reference_f0 > 0)
    voicing = float(((f0 > 0) != (reference_f0 > 0)).mean()) if len(path) else math.nan
    if both.sum() < 2:
        return F0Errors(math.nan, math.nan, voicing)
    semitones = 12 * np.log2(np.stack([f0[both], reference_f0[both]]).astype(np.float64))
    rmse = float(np.sqrt(np.mean((semitones[0] - semitones[1]) ** 2)))
    varies = semitones.std(1).min() > 1e-6
    return F0Errors(rmse, float(np.corrcoef(semitones)[0, 1]) if varies else math.nan, voicing)


class F0StandardDeviation(Measure):
    """Standard deviation of voiced F0 in semitones; the recordings' value is best.

    A lower value means flat intonation. Cost: 12 ms per second of audio.
    """

    label, unit = "F0 standard deviation", "st"

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return (f0_std(sample.pitch),)


class F0RMSE(Measure):
    """RMSE of log F0 against the recording in semitones; from 0, lower is better.

    Over the frames voiced in both, see :func:`f0_errors`.
    """

    label, unit, higher_is_better = "F0 RMSE", "st", False

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return None if (errors := sample.cached(_f0_errors)) is None else (errors.rmse,)


class F0Correlation(Measure):
    """Correlation of log F0 with the recording, -1 to 1; higher is better.

    Over the frames voiced in both, see :func:`f0_errors`.
    """

    label, higher_is_better = "F0 correlation", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return None if (errors := sample.cached(_f0_errors)) is None else (errors.correlation,)


class VoicingError(Measure):
    """Percent of frames voiced in only one of sample and recording, 0 to 100; lower is better.

    See :func:`f0_errors`.
    """

    label, unit, digits, higher_is_better = "voicing error", "%", 1, False

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return None if (errors := sample.cached(_f0_errors)) is None else (100 * errors.voicing,)


def _f0_errors(sample: EvaluationSample) -> F0Errors | None:
    if (features := sample.aligned_features) is None:
        return None
    return f0_errors(features.pitch, features.reference_pitch, features.path)

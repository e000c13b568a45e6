"""The melody: how lively it is, and how far from another."""

import math
from typing import NamedTuple

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Row


def f0_spread(pitch: np.ndarray) -> float:
    """``(T,)`` Hz, 0 = unvoiced -> standard deviation of voiced F0 in semitones; nan if unvoiced.

    Monotone speech is near 0, read speech at 3 to 5. Compare with the same sentences' recordings.
    """
    voiced = pitch[pitch > 0]
    return float(12 * np.std(np.log2(voiced))) if len(voiced) > 1 else float("nan")


class PitchErrors(NamedTuple):
    """How far one melody is from another."""

    semitones: float  # root-mean-square, where both are voiced; 0 is best, nan if nowhere
    correlation: float  # of log F0 where both are voiced; 1 is best, nan if it does not move
    voicing: float  # share of frames voiced in one and not in the other; 0 is best


def pitch_errors(
    pitch: np.ndarray, reference: np.ndarray, pairs: np.ndarray | None = None
) -> PitchErrors:
    """Of ``(T,)`` Hz, 0 = unvoiced. ``pairs (P, 2)``: which frames to compare; None: each its own.

    Log-F0 RMSE, correlation and voicing decision error as voice conversion reports them (Toda et
    al. 2007). Costs nothing beside finding the pitch, 12 ms per second of audio.
    """
    if pairs is None:
        count = min(len(pitch), len(reference))
        pairs = np.stack([np.arange(count)] * 2, axis=1)
    one, other = pitch[pairs[:, 0]], reference[pairs[:, 1]]
    both = (one > 0) & (other > 0)
    voicing = float(((one > 0) != (other > 0)).mean()) if len(pairs) else math.nan
    if both.sum() < 2:
        return PitchErrors(math.nan, math.nan, voicing)
    notes = 12 * np.log2(np.stack([one[both], other[both]]).astype(np.float64))
    rmse = float(np.sqrt(np.mean((notes[0] - notes[1]) ** 2)))
    moves = notes.std(1).min() > 1e-6
    return PitchErrors(rmse, float(np.corrcoef(notes)[0, 1]) if moves else math.nan, voicing)


class F0Spread(Measure):
    """Of :func:`f0_spread`, in semitones: as the recordings' is best."""

    label, unit = "F0 spread", "st"

    def row(self, take: EvaluationSample) -> Row | None:
        return (f0_spread(take.pitch),)


class F0Error(Measure):
    """Root-mean-square error of log F0 in semitones from 0; lower is better."""

    label, unit, higher_is_better = "F0 error", "st", False

    def row(self, take: EvaluationSample) -> Row | None:
        return None if (found := take.once(_errors)) is None else (found.semitones,)


class F0Correlation(Measure):
    """Of log F0 with the recording's, -1 to 1; higher is better."""

    label, higher_is_better = "F0 correlation", True

    def row(self, take: EvaluationSample) -> Row | None:
        return None if (found := take.once(_errors)) is None else (found.correlation,)


class VoicingError(Measure):
    """Percent of frames voiced in one and not in the other, 0 to 100; lower is better."""

    label, unit, digits, higher_is_better = "voicing error", "%", 1, False

    def row(self, take: EvaluationSample) -> Row | None:
        return None if (found := take.once(_errors)) is None else (100 * found.voicing,)


def _errors(take: EvaluationSample) -> PitchErrors | None:
    return None if (pair := take.beside) is None else pitch_errors(*pair.pitches, pair.pairs)

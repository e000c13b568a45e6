"""Duration error and speaking rate against the recording."""

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample, frame_rms
from tts.metrics.measure import Measure, Statistics

MIN_PAUSE = 0.15  # seconds; a shorter silence is a stop consonant
PAUSE_LEVEL = 10 ** (-35 / 20)  # relative to the loudest frame
FRAME = 0.02  # seconds


def speaking_seconds(sample: EvaluationSample) -> float:
    """Return the seconds of speech, without silence at the ends and without pauses."""
    rms = frame_rms(sample.trimmed, int(FRAME * sample.contract.sample_rate))
    quiet = rms < PAUSE_LEVEL * max(rms.max(), 1e-9)
    pauses, run = 0, 0  # frames: of all pauses, of the current silence
    for silent in (*quiet, False):
        if silent:
            run += 1
            continue
        pauses += run if run * FRAME >= MIN_PAUSE else 0
        run = 0
    return max(len(rms) - pauses, 1) * FRAME


class DurationError(Measure):
    """``100 |T / T_ref - 1|`` in percent, pauses included; from 0, lower is better.

    The mean over utterances. Cost: negligible.
    """

    label, unit, digits, higher_is_better = "duration error", "%", 1, False

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if sample.reference is None:
            return None
        return (100 * abs(len(sample.trimmed) / len(sample.reference.trimmed) - 1),)


class SpeakingRate(Measure):
    """``100 (T_ref / T - 1)`` in percent without pauses: how much faster than the recording.

    0 is best, positive is faster. A ratio of sums over utterances, so long sentences count more.
    Cost: negligible.
    """

    label, unit, digits, num_statistics = "speaking rate", "%", 1, 2

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if sample.reference is None:
            return None
        return speaking_seconds(sample.reference), speaking_seconds(sample)

    def finalize(self, mean: np.ndarray) -> np.ndarray:
        return 100 * (mean[..., 0] / mean[..., 1] - 1)

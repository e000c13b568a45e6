"""How long it takes and how fast it goes, against the recording."""

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample, loudness_of
from tts.metrics.measure import Measure, Row

PAUSE = 0.15  # seconds of quiet that are a pause and not a stop consonant
QUIET = 10 ** (-35 / 20)  # of the loudest 20 ms


def seconds_of_speech(take: EvaluationSample) -> float:
    """Without the silence around and without pauses."""
    size = int(0.02 * take.contract.sample_rate)
    loudness = loudness_of(take.spoken, size)
    quiet = loudness < QUIET * max(loudness.max(), 1e-9)
    pauses, run = 0, 0
    for still in (*quiet, False):
        run = run + 1 if still else 0 if run * 0.02 < PAUSE else -run
        if run < 0:
            pauses, run = pauses - run, 0
    return max(len(loudness) - pauses, 1) * 0.02


class DurationError(Measure):
    """Percent by which the whole is longer or shorter than the recording, pauses included.

    The mean of absolute values, from 0; lower is better. Costs nothing.
    """

    label, unit, digits, higher_is_better = "duration error", "%", 1, False

    def row(self, take: EvaluationSample) -> Row | None:
        if take.reference is None:
            return None
        return (100 * abs(len(take.spoken) / len(take.reference.spoken) - 1),)


class SpeakingRate(Measure):
    """Percent faster than the recording while speaking, pauses left out: 0 is best.

    A ratio of sums over utterances, so that short sentences do not decide. Costs nothing.
    """

    label, unit, digits, width = "speaking rate", "%", 1, 2

    def row(self, take: EvaluationSample) -> Row | None:
        if take.reference is None:
            return None
        return seconds_of_speech(take.reference), seconds_of_speech(take)

    def finish(self, mean: np.ndarray) -> np.ndarray:
        return 100 * (mean[..., 0] / mean[..., 1] - 1)

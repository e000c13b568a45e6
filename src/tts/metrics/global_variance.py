"""Global variance: over-smoothing of a mel, measured against recordings."""

import numpy as np

from tts.bounds import Channels
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Statistics


class GlobalVariance(Measure):
    """``mean_m 10 log10(var_m / var_ref_m)`` over mel bands m, in dB; 0 is best.

    ``var_m`` is the variance of band m over time, averaged over utterances (Toda & Tokuda 2007,
    section 3). Negative: smoother than the recordings; positive: rougher. Needs recordings of the
    same sentences, not aligned. Cost: the mel, 2 ms per second of audio.
    """

    label, unit = "global variance", "dB"

    def __init__(self, bands: Channels = 80, **kwargs: object) -> None:
        self.num_statistics = 2 * bands
        super().__init__(**kwargs)

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if sample.reference is None:
            return None
        return (*sample.mel.var(0), *sample.reference.mel.var(0))

    def finalize(self, mean: np.ndarray) -> np.ndarray:
        variance, reference = np.split(np.maximum(mean, 1e-9), 2, axis=-1)
        return np.mean(10 * np.log10(variance / reference), axis=-1)

"""Over-smoothing: how much the spectrum moves, against how much recordings move."""

from typing import Any

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Row


class GlobalVariance(Measure):
    """Mean over mel bands of the variance ratio to the recordings', in dB; 0 is best.

    A band's variance over time is averaged over utterances first. Below 0 the speech is smoother
    than the recordings, above it is rougher. No aligned audio is needed, only recordings of the
    same sentences (Toda & Tokuda 2007, section 3). Costs the mel, 2 ms per second of audio.
    """

    label, unit = "global variance", "dB"

    def __init__(self, bands: int = 80, **settings: Any) -> None:
        self.width = 2 * bands
        super().__init__(**settings)

    def row(self, take: EvaluationSample) -> Row | None:
        if take.reference is None:
            return None
        return (*take.mel.var(0), *take.reference.mel.var(0))

    def finish(self, mean: np.ndarray) -> np.ndarray:
        ours, theirs = np.split(np.maximum(mean, 1e-9), 2, axis=-1)
        return np.mean(10 * np.log10(ours / theirs), axis=-1)

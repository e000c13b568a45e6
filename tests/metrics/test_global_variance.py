"""Global variance in decibels."""

import numpy as np
import pytest

from tts.contract import MelContract
from tts.metrics.evaluation_sample import (
    EvaluationSample,
)
from tts.metrics.global_variance import GlobalVariance


def test_half_the_amplitude_is_six_decibels_less_global_variance() -> None:
    random = np.random.default_rng(0)
    measure = GlobalVariance(bands=8)

    def decibels(scale: float, shift: float = 0.0) -> float:
        measure.reset()
        for frames in (50, 80):
            recording, sample = (EvaluationSample(np.zeros(0), MelContract()) for _ in range(2))
            recording.mel = random.normal(size=(frames, 8))
            sample.mel = scale * recording.mel + shift
            sample.reference = recording
            measure.update(sample)
        return float(measure.compute())

    assert decibels(1.0) == pytest.approx(0.0)
    assert decibels(0.5) == pytest.approx(-6.02, abs=0.01)
    assert decibels(1.0, shift=5.0) == pytest.approx(0.0)

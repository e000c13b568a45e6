"""Duration error and speaking rate."""

import numpy as np
import pytest

from tts.contract import MelContract
from tts.metrics.duration import DurationError, SpeakingRate, speaking_seconds
from tts.metrics.evaluation_sample import EvaluationSample, trim_silence

CONTRACT = MelContract()
RATE = CONTRACT.sample_rate


def test_a_pause_changes_duration_and_not_speaking_rate(recording: np.ndarray) -> None:
    middle = len(recording) // 2
    pause = np.zeros(RATE // 2, dtype=np.float32)
    paused = np.concatenate([recording[:middle], pause, recording[middle:]])
    reference = EvaluationSample(recording, CONTRACT)
    sample = EvaluationSample(paused, CONTRACT, reference=reference)
    duration, rate = DurationError(), SpeakingRate()
    duration.update(sample)
    rate.update(sample)
    expected = 100 * 0.5 / (len(trim_silence(recording, RATE)) / RATE)
    assert float(duration.compute()) == pytest.approx(expected, abs=1.0)
    assert abs(float(rate.compute())) < 3
    # every second sample: twice as fast
    quick = EvaluationSample(recording[::2].copy(), CONTRACT, reference=reference)
    assert speaking_seconds(quick) == pytest.approx(speaking_seconds(reference) / 2, rel=0.1)

"""Level of an evaluation sample."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tts.audio.level import normalize_level
from tts.metrics.evaluation_sample import SPEECH_LEVEL


@given(st.floats(0.001, 10))
def test_normalize_level_works_from_any_loudness(gain: float) -> None:
    wave = gain * np.sin(np.arange(8000) / 7)
    rms = np.sqrt(np.mean(normalize_level(wave, SPEECH_LEVEL) ** 2))
    assert math.isclose(20 * math.log10(rms), SPEECH_LEVEL, abs_tol=1e-6)


def test_silence_stays_silent() -> None:
    assert not normalize_level(np.zeros(100), SPEECH_LEVEL).any()

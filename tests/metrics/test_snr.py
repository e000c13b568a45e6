"""Mel signal-to-noise ratio."""

import numpy as np
import pytest

from tts.metrics.snr import mel_snr


def test_mel_snr_is_in_decibels_and_ignores_loudness() -> None:
    random = np.random.default_rng(0)
    mel = random.normal(size=(200, 80))
    noise = random.normal(size=(200, 80)) / 10
    assert mel_snr(mel + noise, mel) == pytest.approx(20.0, abs=0.3)
    assert mel_snr(mel + noise + 7.0, mel) == pytest.approx(mel_snr(mel + noise, mel))

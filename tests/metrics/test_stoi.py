"""STOI and ESTOI: equality with pystoi."""

import numpy as np
import pytest

from tts.contract import MelContract
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.stoi import STOI


def test_stoi_equals_pystoi(recording: np.ndarray) -> None:
    pystoi = pytest.importorskip("pystoi", reason="the metrics extra is not installed")
    contract = MelContract(sample_rate=16000)  # no resampling
    noisy = recording + np.random.default_rng(0).normal(0, 0.05, len(recording)).astype(np.float32)
    for extended in (False, True):
        measure = STOI(extended=extended)
        measure.update(
            EvaluationSample(
                noisy, contract, reference=EvaluationSample(recording, contract), aligned=True
            )
        )
        expected = pystoi.stoi(recording, noisy, 16000, extended=extended)
        assert float(measure.compute()) == pytest.approx(expected, abs=1e-6)

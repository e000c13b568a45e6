"""Predicted opinion scores: direction, loudness, and equality with the packages."""

import numpy as np
import pytest
import torch

from tests.metrics.recordings import synthesize
from tts.contract import MelContract
from tts.metrics.evaluation_sample import (
    EvaluationSample,
)
from tts.metrics.mos import DistillMOS, dnsmos


def speech_of(wave: np.ndarray) -> np.ndarray:
    """Return ``wave`` as measures receive it: trimmed, at 16 kHz and a fixed level."""
    return EvaluationSample(wave, MelContract()).speech


def test_dnsmos_prefers_clean_speech_to_noisy_speech() -> None:
    pytest.importorskip("speechmos", reason="the metrics extra is not installed")
    pytest.importorskip("onnxruntime", reason="the metrics extra is not installed")
    text = "The harbour was full of painted ships, and the rain began in the night."
    wave = synthesize(text, "f3")
    noise = np.random.default_rng(0).normal(0, 0.05, len(wave)).astype(np.float32)
    clean, noisy = dnsmos(speech_of(wave)), dnsmos(speech_of(wave + noise))
    assert 1 <= noisy.dnsmos_ovrl < clean.dnsmos_ovrl <= 5
    assert noisy.dnsmos_p808 < clean.dnsmos_p808
    # the level does not matter
    quiet = dnsmos(speech_of(wave / 8))
    assert quiet.dnsmos_p808 == pytest.approx(clean.dnsmos_p808, abs=0.02)


def test_dnsmos_equals_speechmos() -> None:
    """P.808 is equal; OVRL agrees in the mean over clips, because it uses fewer windows."""
    pytest.importorskip("speechmos", reason="the metrics extra is not installed")
    pytest.importorskip("onnxruntime", reason="the metrics extra is not installed")
    from speechmos import dnsmos as package

    texts = ["The harbour was full of painted ships, and the rain began in the night.",
             "Nobody had asked.", "Twelve of them stood there and waited for the last train home.",
             "It was late, and the lamps along the river were lit one after the other, until there "
             "was light from the bridge to the mill, and nobody who had seen it before believed "
             "that it had ever been dark there."]  # fmt: skip
    ovrl, published_ovrl = [], []
    for text in texts:
        speech = speech_of(synthesize(text, "f3"))
        published, found = package.run(speech, 16000), dnsmos(speech)
        assert found.dnsmos_p808 == pytest.approx(published["p808_mos"], abs=1e-3)
        ovrl.append(found.dnsmos_ovrl)
        published_ovrl.append(published["ovrl_mos"])
    assert len(speech) > 9.01 * 16000, "the last one has several windows"
    assert np.mean(ovrl) == pytest.approx(np.mean(published_ovrl), abs=0.1)


def test_distillmos_equals_its_package_and_prefers_clean_speech() -> None:
    package = pytest.importorskip("distillmos", reason="the metrics extra is not installed")
    wave = synthesize("The harbour was full of painted ships.", "f3")
    noise = np.random.default_rng(0).normal(0, 0.05, len(wave)).astype(np.float32)
    clean, noisy = (
        DistillMOS().statistics(EvaluationSample(x, MelContract())) for x in (wave, wave + noise)
    )
    assert clean is not None
    assert noisy is not None
    assert 1 <= noisy[0] < clean[0] <= 5
    published = package.ConvTransformerSQAModel().eval()
    with torch.inference_mode():
        expected = published(torch.from_numpy(speech_of(wave))[None])
    assert clean[0] == pytest.approx(float(expected), abs=1e-4)

"""Speaker similarity, and the encoder's equality with Resemblyzer."""

import numpy as np
import pytest
import torch

from tests.metrics.recordings import synthesize
from tts.contract import MelContract
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.similarity import SpeakerSimilarity
from tts.speakers.bundled import embed_speaker, speaker_encoder

CONTRACT = MelContract()
PUBLISHED = (180, 0.2206)  # index and value of the maximum of a tone's embedding


def test_similarity_is_higher_within_a_speaker() -> None:
    recording = synthesize("The harbour was full of painted ships.", "f3")
    same = synthesize("Nobody knew when the rain would stop.", "f3")
    other = synthesize("Nobody knew when the rain would stop.", "m2")
    reference = EvaluationSample(recording, CONTRACT)

    def similarity(wave: np.ndarray) -> float:
        measure = SpeakerSimilarity()
        measure.update(EvaluationSample(wave, CONTRACT, reference=reference))
        return float(measure.compute())

    assert similarity(same) > similarity(other) + 0.05
    assert similarity(same / 8) == pytest.approx(similarity(same), abs=1e-4)


def test_the_speaker_encoder_takes_any_length_and_equals_resemblyzer() -> None:
    for seconds in (0.1, 1.6, 1.7, 5.0):
        noise = np.random.default_rng(0).normal(0, 0.1, int(16000 * seconds)).astype(np.float32)
        embedding = embed_speaker(noise)
        assert embedding.shape == (256,)
        assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)
    # Resemblyzer 0.1.4 on a tone, within half precision
    tone = (0.1 * np.sin(2 * np.pi * 220 * np.arange(40000) / 16000)).astype(np.float32)
    with torch.inference_mode():
        embedding = speaker_encoder()(torch.from_numpy(tone))
    assert embedding.argmax().item() == PUBLISHED[0]
    assert embedding.max().item() == pytest.approx(PUBLISHED[1], abs=2e-3)

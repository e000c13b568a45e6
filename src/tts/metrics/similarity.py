"""Speaker similarity: cosine between speaker embeddings (GE2E)."""

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Statistics
from tts.speakers.bundled import embed_speaker


class SpeakerSimilarity(Measure):
    """Cosine between the speaker embeddings of sample and recording, 0 to 1; higher is better.

    Two sentences of one speaker have 0.8 to 0.95, of two speakers 0.5 to 0.7. Encoder: Wan et al.
    2018. Cost: about 20 ms per second of audio.
    """

    label, higher_is_better = "speaker similarity", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if sample.reference is None:
            return None
        return (float(sample.cached(_embedding) @ sample.reference.cached(_embedding)),)


def _embedding(sample: EvaluationSample) -> np.ndarray:
    return embed_speaker(sample.speech)

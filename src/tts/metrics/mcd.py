"""Mel-cepstral distortion (MCD)."""

import numpy as np

from tts.metrics.dtw import dtw, mel_cepstra
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Statistics


def mel_cepstral_distortion(
    mel: np.ndarray, reference: np.ndarray, path: np.ndarray | None = None
) -> float:
    """Return the MCD between two log mels ``(T, M)`` and ``(R, M)`` in dB; from 0, lower is better.

    The mean over frames of ``10 / ln 10 * sqrt(2 sum_d (c_d - c'_d)^2)`` over cepstra 1 to 24
    (Kubichek 1993). ``path (P, 2)``: the frames to compare; None: dynamic time warping. Copy
    synthesis reaches about 1 dB, another recording of the sentence 5 dB. Compares models of one
    speaker only. Cost: about 5 ms per second of audio.
    """
    cepstra, reference_cepstra = mel_cepstra(mel), mel_cepstra(reference)
    path = dtw(cepstra, reference_cepstra) if path is None else path
    difference = cepstra[path[:, 0]] - reference_cepstra[path[:, 1]]
    return float(np.mean(10 / np.log(10) * np.sqrt(2 * np.square(difference).sum(1))))


class MelCepstralDistortion(Measure):
    """Mel-cepstral distortion in dB, see :func:`mel_cepstral_distortion`; lower is better."""

    label, unit, higher_is_better = "mel-cepstral distortion", "dB", False

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if (features := sample.aligned_features) is None:
            return None
        return (mel_cepstral_distortion(features.mel, features.reference_mel, features.path),)

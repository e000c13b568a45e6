"""Mel signal-to-noise ratio: how much of a mel is left when the error is taken from it."""

import numpy as np

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Row


def mel_snr(mel: np.ndarray, reference: np.ndarray) -> float:
    """Of two log mels ``(T, M)``, in dB; higher is better, a perfect copy has no bound.

    Power of the reference around its mean over that of the difference: loudness alone is neither
    signal nor noise.
    """
    signal = np.square(reference - reference.mean()).sum()
    noise = np.square(mel - reference - (mel - reference).mean()).sum()
    return float(10 * np.log10(max(signal, 1e-12) / max(noise, 1e-12)))


class MelSignalToNoise(Measure):
    """Of :func:`mel_snr` in dB over the frames that belong together; higher is better.

    10 dB is a good copy, 0 dB an error as large as the speech. Costs what warping costs.
    """

    label, unit, digits, higher_is_better = "mel SNR", "dB", 1, True

    def row(self, take: EvaluationSample) -> Row | None:
        if (pair := take.beside) is None:
            return None
        one, other = (mel[pair.pairs[:, i]] for i, mel in enumerate(pair.mels))
        return (mel_snr(one, other),)

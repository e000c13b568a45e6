"""Signal-to-noise ratio of a log mel."""

import numpy as np

from tts.errors import UserError
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure, Statistics


def mel_snr(mel: np.ndarray, reference: np.ndarray) -> float:
    """Return ``10 log10(var(reference) / var(mel - reference))`` of two log mels ``(T, M)``, in dB.

    Higher is better, unbounded for a perfect copy. Variances are over all frames and bands, so a
    constant gain counts neither as signal nor as noise. Raises UserError for mels of two shapes.
    """
    if np.shape(mel) != np.shape(reference):
        raise UserError(
            f"mel_snr: mel has the shape {tuple(np.shape(mel))}, and reference "
            f"{tuple(np.shape(reference))}: give both the same frames and bands, (T, M)"
        )
    signal = np.square(reference - reference.mean()).sum()
    noise = np.square(mel - reference - (mel - reference).mean()).sum()
    return float(10 * np.log10(max(signal, 1e-12) / max(noise, 1e-12)))


class MelSNR(Measure):
    """:func:`mel_snr` against the recording in dB, over aligned frames; higher is better.

    10 dB is a good copy, at 0 dB the error is as large as the speech. Cost: that of the alignment.
    """

    label, unit, digits, higher_is_better = "mel SNR", "dB", 1, True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if (features := sample.aligned_features) is None:
            return None
        mel = features.mel[features.path[:, 0]]
        return (mel_snr(mel, features.reference_mel[features.path[:, 1]]),)

"""Dynamic time warping between two utterances, over mel cepstra."""

import numpy as np

NUM_CEPSTRA = 24  # coefficients 1 to 24; the zeroth is loudness


def mel_cepstra(mel: np.ndarray) -> np.ndarray:
    """Return ``(T, 24)`` cepstra of ``(T, M)`` natural-log magnitudes: a DCT over the bands."""
    from scipy.fft import dct

    return dct(mel.astype(np.float64), axis=1)[:, 1 : NUM_CEPSTRA + 1] / mel.shape[1]


def dtw(features: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the cheapest monotonic path ``(P, 2)`` between ``(T, C)`` and ``(R, C)`` features.

    Dynamic time warping with Euclidean distances (Sakoe & Chiba 1978), computed by librosa.
    """
    from librosa.sequence import dtw

    _, path = dtw(features.T, reference.T, metric="euclidean")
    return np.asarray(path[::-1])

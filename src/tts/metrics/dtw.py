"""Which frame of one take belongs to which of another."""

import numpy as np

COUNT = 24  # cepstral coefficients, without the zeroth: loudness is not the voice's


def mel_cepstra(mel: np.ndarray) -> np.ndarray:
    """``(T, M)`` natural-log magnitudes -> ``(T, 24)``: each frame as cosines over its bands."""
    from scipy.fft import dct

    return dct(mel.astype(np.float64), axis=1)[:, 1 : COUNT + 1] / mel.shape[1]


def dtw(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``(T1, C), (T2, C)`` -> ``(P, 2)``: the cheapest monotonic path from first to last pair.

    Dynamic time warping over Euclidean distances (Sakoe & Chiba 1978), librosa's.
    """
    from librosa.sequence import dtw

    _, path = dtw(one.T, other.T, metric="euclidean")
    return np.asarray(path[::-1])

"""Which frame of one take belongs to which of another."""

import numpy as np


def warp(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``(T1, C), (T2, C)`` -> ``(P, 2)``: the cheapest monotonic path from first to last pair.

    Dynamic time warping over Euclidean distances (Sakoe & Chiba 1978), librosa's.
    """
    from librosa.sequence import dtw

    _, path = dtw(one.T, other.T, metric="euclidean")
    return np.asarray(path[::-1])

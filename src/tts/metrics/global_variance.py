"""Over-smoothing: how much the spectrum moves, against how much recordings move."""

import numpy as np


def band_variance(mels: list[np.ndarray]) -> np.ndarray:
    """Log mels ``(T, M)`` each -> ``(M,)`` variance over time, averaged over utterances."""
    return np.mean([mel.var(0) for mel in mels], axis=0)


def global_variance(mels: list[np.ndarray], reference: list[np.ndarray]) -> float:
    """Mean over bands of the variance ratio to the reference's, in dB; 0 is best.

    Below 0 the speech is smoother than the recordings, above it is rougher. No aligned audio is
    needed, only the same kind of sentences (Toda & Tokuda 2007, section 3). Costs nothing.
    """
    ratio = band_variance(mels) / np.maximum(band_variance(reference), 1e-9)
    return float(np.mean(10 * np.log10(np.maximum(ratio, 1e-9))))

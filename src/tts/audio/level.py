"""Level of a recording: scaling it to a loudness."""

import numpy as np


def normalize_level(wave: np.ndarray, dbfs: float) -> np.ndarray:
    """Scale ``(S,)`` samples to an RMS of ``dbfs``; silence stays silent."""
    rms = float(np.sqrt(np.mean(wave**2)))
    return wave * (10 ** (dbfs / 20) / rms) if rms > 1e-6 else wave

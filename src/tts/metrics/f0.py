"""How lively the melody is."""

import numpy as np


def f0_spread(pitch: np.ndarray) -> float:
    """``(T,)`` Hz, 0 = unvoiced -> standard deviation of voiced F0 in semitones; nan if unvoiced.

    Monotone speech is near 0, read speech at 3 to 5. Compare with the same sentences' recordings.
    """
    voiced = pitch[pitch > 0]
    return float(12 * np.std(np.log2(voiced))) if len(voiced) > 1 else float("nan")

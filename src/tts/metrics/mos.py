"""Mean opinion predicted by networks that ship inside the ``speechmos`` wheel."""

from typing import NamedTuple

import numpy as np

from tts.metrics.intelligibility import LEVEL, level
from tts.metrics.missing import require_package

RATE = 16000  # Hz


class Opinion(NamedTuple):
    """Predicted scores on the 1..5 opinion scale; higher is better."""

    overall: float  # DNSMOS OVRL: falls with buzz, blur and noise
    p808: float  # DNSMOS P.808: the best single stand-in for naturalness here


def dnsmos(wave: np.ndarray, sample_rate: int) -> Opinion:
    """DNSMOS (Reddy et al. 2022) of ``(S,)`` samples, about 0.05 s of one core per second.

    The level is set to -26 dBFS first, or loudness would decide. Raises MissingPackage.
    """
    import soxr

    module = require_package("speechmos.dnsmos", "DNSMOS")
    speech = level(soxr.resample(wave.astype(np.float32), sample_rate, RATE), LEVEL)
    scores = module.run(np.clip(speech, -1, 1), RATE)
    return Opinion(float(scores["ovrl_mos"]), float(scores["p808_mos"]))

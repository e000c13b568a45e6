"""PESQ: perceptual quality of a copy against its original (ITU-T P.862.2)."""

import numpy as np
from torch import Tensor

from tts.metrics.evaluation_sample import SPEECH_SAMPLE_RATE, EvaluationSample, resample_to_16k
from tts.metrics.measure import Measure, Statistics
from tts.metrics.optional_packages import MissingPackageError, require_package
from tts.warnings_once import warn_once


def pesq(reference: Tensor | np.ndarray, copy: Tensor | np.ndarray, rate: int) -> float | None:
    """Return wide-band PESQ (ITU-T P.862.2) of ``(S,)`` samples: 1.04 to 4.64, higher is better.

    Both must be time-aligned: for copy synthesis, not for text to speech. None if there is no
    speech, or without the package ``pesq``, which is logged once. Cost: 12 ms per second of audio.
    """
    if not pesq_available():
        return None
    package = require_package("pesq", "PESQ")
    pair = [resample_to_16k(_array(wave), rate) for wave in (reference, copy)]
    try:
        return float(package.pesq(SPEECH_SAMPLE_RATE, *pair, "wb"))
    except package.PesqError:
        return None


def pesq_available() -> bool:
    """Return whether the package is installed; log once if it is not."""
    try:
        require_package("pesq", "PESQ")
    except MissingPackageError:
        warn_once("PESQ is skipped: it needs the package pesq, which needs a C compiler to build")
        return False
    return True


def _array(wave: Tensor | np.ndarray) -> np.ndarray:
    array = wave.detach().cpu().numpy() if isinstance(wave, Tensor) else wave
    return array.astype(np.float32)


class PESQ(Measure):
    """Wide-band PESQ of time-aligned copies, see :func:`pesq`; 1.04 to 4.64, higher is better."""

    label, higher_is_better = "PESQ", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if sample.reference is None or not sample.aligned:
            return None
        value = pesq(sample.reference.wave, sample.wave, sample.contract.sample_rate)
        return None if value is None else (value,)

"""PESQ: what a panel would say of a copy beside its original."""

import numpy as np
from torch import Tensor

from tts.metrics.evaluation_sample import SPEECH_RATE, EvaluationSample, resample
from tts.metrics.measure import Measure, Row
from tts.metrics.optional_packages import MissingPackageError, require_package, say_once


def pesq(reference: Tensor | np.ndarray, copy: Tensor | np.ndarray, rate: int) -> float | None:
    """Wide-band PESQ (ITU-T P.862.2) of ``(S,)`` samples: 1.04 .. 4.64, higher is better.

    The two must be aligned in time: for copy-synthesis, never for synthesis from text. About 12 ms
    of one core per second of audio. None where the package ``pesq`` is not installed, which is said
    once, or where it finds no speech.
    """
    if not pesq_is_there():
        return None
    package = require_package("pesq", "PESQ")
    heard = [resample(_array(wave), rate) for wave in (reference, copy)]
    try:
        return float(package.pesq(SPEECH_RATE, *heard, "wb"))
    except package.PesqError:
        return None


def pesq_is_there() -> bool:
    """Whether the package is installed; says once where it is not."""
    try:
        require_package("pesq", "PESQ")
    except MissingPackageError:
        say_once("PESQ is left out: it needs the package pesq, which a C compiler builds")
        return False
    return True


def _array(wave: Tensor | np.ndarray) -> np.ndarray:
    array = wave.detach().cpu().numpy() if isinstance(wave, Tensor) else wave
    return array.astype(np.float32)


class Pesq(Measure):
    """Of :func:`pesq`, 1.04 to 4.64; higher is better. Of aligned copies alone."""

    label, higher_is_better = "PESQ", True

    def row(self, take: EvaluationSample) -> Row | None:
        if take.reference is None or not take.aligned:
            return None
        found = pesq(take.reference.wave, take.wave, take.contract.sample_rate)
        return None if found is None else (found,)

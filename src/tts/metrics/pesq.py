"""PESQ: what a panel would say of a copy beside its original."""

import numpy as np
from torch import Tensor

from tts.metrics.missing import MissingPackage, require_package, say_once

RATE = 16000  # Hz


def pesq(reference: Tensor | np.ndarray, copy: Tensor | np.ndarray, rate: int) -> float | None:
    """Wide-band PESQ (ITU-T P.862.2) of ``(S,)`` samples: 1.04 .. 4.64, higher is better.

    The two must be aligned in time: for copy-synthesis, never for synthesis from text. About 0.1 s
    of one core per second of audio. None where the package ``pesq`` is not installed, which is said
    once, or where it finds no speech.
    """
    import soxr

    if not pesq_is_there():
        return None
    package = require_package("pesq", "PESQ")
    heard = [soxr.resample(_array(wave), rate, RATE) for wave in (reference, copy)]
    try:
        return float(package.pesq(RATE, *heard, "wb"))
    except package.PesqError:
        return None


def pesq_is_there() -> bool:
    """Whether the package is installed; says once where it is not."""
    try:
        require_package("pesq", "PESQ")
    except MissingPackage:
        say_once("PESQ is left out: it needs the package pesq, which a C compiler builds")
        return False
    return True


def _array(wave: Tensor | np.ndarray) -> np.ndarray:
    array = wave.detach().cpu().numpy() if isinstance(wave, Tensor) else wave
    return array.astype(np.float32)

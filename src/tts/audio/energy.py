"""Energy of each frame: the log norm of its spectrum."""

from torch import Tensor

FLOOR = 1e-5


def energy(magnitude: Tensor) -> Tensor:
    """Compute the log energy ``(..., T)`` of STFT magnitudes ``(..., T, F)``.

    The natural logarithm of the L2 norm over frequency.

    FastSpeech 2 (Ren et al. 2021, section 2.3) uses the norm; its logarithm is closer to perceived
    loudness.
    """
    return magnitude.norm(dim=-1).clamp(min=FLOOR).log()

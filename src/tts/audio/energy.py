"""How loud each frame is."""

from torch import Tensor

FLOOR = 1e-5


def energy(magnitude: Tensor) -> Tensor:
    """STFT magnitude ``(..., T, F)`` -> ``(..., T)``: natural log of its L2 norm over frequency.

    FastSpeech 2 (Ren et al. 2021, section 2.3) takes the norm; its logarithm is what one hears.
    """
    return magnitude.norm(dim=-1).clamp(min=FLOOR).log()

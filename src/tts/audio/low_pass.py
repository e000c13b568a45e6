"""Kaiser-windowed sinc low-pass filter, for resampling by two without aliases."""

import torch
from torch import Tensor


def low_pass_filter(cutoff: float, transition: float, taps: int) -> Tensor:
    """Return a filter of an even number of ``taps`` with unit gain at zero, ``(1, 1, taps)``.

    ``cutoff`` and ``transition``, half the width of the transition band, are in cycles per sample.
    The window is designed as in StyleGAN3 (Karras et al. 2021, appendix C): for half as many taps
    and four times ``transition``.
    """
    from scipy.signal import kaiser_atten, kaiser_beta

    beta = kaiser_beta(kaiser_atten(taps // 2, 4 * transition))
    window = torch.kaiser_window(taps, periodic=False, beta=float(beta), dtype=torch.float64)
    time = torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2
    response = window * torch.sinc(2 * cutoff * time)
    return (response / response.sum()).float().view(1, 1, -1)

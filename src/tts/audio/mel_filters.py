"""Mel filter banks: triangles on the Slaney or HTK mel scale."""

import math

import torch
from torch import Tensor

# Slaney's scale (Auditory Toolbox, 1998): linear up to 1000 Hz, then 27 bands per factor of 6.4
HZ_PER_MEL = 200.0 / 3
KNEE_HZ, KNEE_MEL = 1000.0, 1000.0 / HZ_PER_MEL
LOG_STEP = math.log(6.4) / 27.0


def mel_filter_bank(
    n_freqs: int,
    fmin: float,
    fmax: float,
    bands: int,
    sample_rate: int,
    normalization: str | None = "slaney",
    scale: str = "slaney",
) -> Tensor:
    """Return the filters ``(n_freqs, bands)``, in float32 on the CPU.

    ``n_freqs``: STFT bins from 0 Hz to half of ``sample_rate``. Band b rises from edge b to edge
    b + 1 and falls to edge b + 2; the edges are equally spaced in mels from ``fmin`` to ``fmax``
    Hz. ``normalization``: "slaney" gives every band the same area, None the same height of 1.
    ``scale``: "slaney" or "htk". Equal to librosa's filters within 1e-7.
    """
    with torch.device("cpu"):
        bins = torch.linspace(0, sample_rate // 2, n_freqs)
        edges = torch.linspace(hz_to_mel(fmin, scale), hz_to_mel(fmax, scale), bands + 2)
        hertz = mel_to_hz(edges, scale)
    widths = hertz.diff()
    distance = hertz[None] - bins[:, None]  # (F, B + 2), of each edge from each bin
    rising = -distance[:, :-2] / widths[:-1]
    falling = distance[:, 2:] / widths[1:]
    filters = torch.minimum(rising, falling).clamp(min=0)
    if normalization == "slaney":
        filters *= 2.0 / (hertz[2:] - hertz[:-2])
    return filters


def hz_to_mel(hertz: float, scale: str) -> float:
    """Return a frequency in mels."""
    if scale == "htk":
        return 2595.0 * math.log10(1.0 + hertz / 700.0)
    if hertz < KNEE_HZ:
        return hertz / HZ_PER_MEL
    return KNEE_MEL + math.log(hertz / KNEE_HZ) / LOG_STEP


def mel_to_hz(mels: Tensor, scale: str) -> Tensor:
    """Return mels as frequencies in Hz, of the same shape."""
    if scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    above = KNEE_HZ * torch.exp(LOG_STEP * (mels - KNEE_MEL))
    return torch.where(mels < KNEE_MEL, HZ_PER_MEL * mels, above)

"""Bandwidth of recordings: finding the highest frequency recorded, and low-pass filtering."""

import torch
from torch import Tensor

SILENT = 1e-8  # of the loudest bin's power: less is rounding error
EDGE = 3  # frames
SLOPE = 0.95  # of the cutoff, where the roll-off begins


def bandwidth(magnitude: Tensor, sample_rate: int) -> float | None:
    """Return the Hz above which ``(T, F)`` magnitudes are empty; None when they use the full band.

    A recording resampled from a lower rate holds nothing above that rate's half, and a model must
    not learn that speech is silent there.
    """
    # at the edges the reflection padding of the STFT has a kink with energy at every frequency
    inner = magnitude[EDGE:-EDGE] if len(magnitude) > 4 * EDGE else magnitude
    power = inner.square().mean(0)
    used = torch.nonzero(power > SILENT * power.max()).flatten()
    if len(used) == 0:
        return None
    top = float(used[-1] + 1) / len(power)
    return None if top > SLOPE else round(top * sample_rate / 2)


def limit_band(wave: Tensor, cutoff: Tensor, sample_rate: int) -> Tensor:
    """Low-pass ``(B, S)`` samples at ``cutoff (B,)`` Hz; unchanged where that is half the rate."""
    spectrum = torch.fft.rfft(wave.float(), dim=-1)
    hertz = torch.linspace(0, sample_rate / 2, spectrum.shape[-1], device=wave.device)
    roll_off = (cutoff[:, None] - hertz) / ((1 - SLOPE) * cutoff[:, None])
    gain = 0.5 - 0.5 * torch.cos(torch.pi * roll_off.clamp(0, 1))
    gain = torch.where(cutoff[:, None] >= sample_rate / 2, 1.0, gain)
    return torch.fft.irfft(spectrum * gain, n=wave.shape[-1], dim=-1)

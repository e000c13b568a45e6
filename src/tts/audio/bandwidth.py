"""Recordings of less than the whole band: finding where they end, and ending others there."""

import torch
from torch import Tensor

SILENT = 1e-8  # of the loudest bin's power: less is no sound but arithmetic
EDGE = 3  # frames
SLOPE = 0.95  # of the cutoff, where the fall begins


def bandwidth(magnitude: Tensor, sample_rate: int) -> float | None:
    """Hz above which ``(T, F)`` magnitudes hold nothing; None when they reach (almost) the top.

    A recording made at a lower rate says nothing of what lies above its half: a model must not
    learn from it that nothing is there.
    """
    # the outermost windows see the mirrored edge of the recording, whose kink has every frequency
    inner = magnitude[EDGE:-EDGE] if len(magnitude) > 4 * EDGE else magnitude
    power = inner.square().mean(0)
    heard = torch.nonzero(power > SILENT * power.max()).flatten()
    if len(heard) == 0:
        return None
    top = float(heard[-1] + 1) / len(power)
    return None if top > SLOPE else round(top * sample_rate / 2)


def limit_band(wave: Tensor, cutoff: Tensor, sample_rate: int) -> Tensor:
    """``(B, S)`` without what lies above ``cutoff (B,)`` Hz; whole where that is half the rate."""
    spectrum = torch.fft.rfft(wave.float(), dim=-1)
    hertz = torch.linspace(0, sample_rate / 2, spectrum.shape[-1], device=wave.device)
    fall = (cutoff[:, None] - hertz) / ((1 - SLOPE) * cutoff[:, None])
    gain = 0.5 - 0.5 * torch.cos(torch.pi * fall.clamp(0, 1))
    gain = torch.where(cutoff[:, None] >= sample_rate / 2, 1.0, gain)
    return torch.fft.irfft(spectrum * gain, n=wave.shape[-1], dim=-1)

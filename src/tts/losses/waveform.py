"""Distances between waveforms, measured in their spectra."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

FLOOR = 1e-5  # of a magnitude, before its logarithm


class WaveMelLoss(nn.Module):
    """Mean distance of log mels over the whole band, in natural-log units; of several resolutions.

    The mel loss of HiFi-GAN (Kong et al. 2020, equation 5), which reaches half the sample rate
    though the model's own mel may end below, and with several ``windows`` (samples; a quarter of
    each is the hop) and ``bands`` that of DAC (Kumar et al. 2023, section 3.5): their mean.
    """

    def __init__(self, sample_rate: int, windows: Sequence[int], bands: Sequence[int]) -> None:
        super().__init__()
        self.windows = tuple(windows)
        for number, (size, count) in enumerate(zip(windows, bands, strict=True)):
            filters = melscale_fbanks(
                size // 2 + 1, 0.0, sample_rate / 2, count, sample_rate, "slaney", "slaney"
            )
            self.register_buffer(f"filters_{number}", filters, persistent=False)  # (F, M)
            self.register_buffer(f"window_{number}", torch.hann_window(size), persistent=False)

    def forward(self, output: Any, batch: Any) -> Tensor:
        return self.distance(output.wave, batch.audio)

    def distance(self, wave: Tensor, target: Tensor) -> Tensor:
        """``(B, S)`` twice -> a scalar."""
        parts = []
        for number, size in enumerate(self.windows):
            window, filters = getattr(self, f"window_{number}"), getattr(self, f"filters_{number}")
            made, real = (
                (magnitude(x, size, size // 4, window) @ filters).clamp(min=FLOOR).log()
                for x in (wave, target)
            )
            parts.append(F.l1_loss(made, real))
        return torch.stack(parts).mean()


class MultiResolutionSTFT(nn.Module):
    """Spectral convergence and log-magnitude distance at several resolutions, averaged.

    Yamamoto et al. 2020 (Parallel WaveGAN), equations 4 to 7. ``windows`` in samples; a quarter of
    each is the hop.
    """

    def __init__(self, windows: Sequence[int] = (512, 1024, 2048)) -> None:
        super().__init__()
        self.windows = tuple(windows)
        for size in windows:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def forward(self, output: Any, batch: Any) -> Tensor:
        return self.distance(output.wave, batch.audio)

    def distance(self, wave: Tensor, target: Tensor) -> Tensor:
        """``(B, S)`` twice -> a scalar."""
        parts = []
        for size in self.windows:
            window = getattr(self, f"window_{size}")
            made, real = (magnitude(x, size, size // 4, window) for x in (wave, target))
            convergence = (real - made).norm(dim=(1, 2)) / real.norm(dim=(1, 2)).clamp(min=FLOOR)
            logarithms = F.l1_loss(made.clamp(min=FLOOR).log(), real.clamp(min=FLOOR).log())
            parts.append(convergence.mean() + logarithms)
        return torch.stack(parts).mean()


class AmplitudeLoss(nn.Module):
    """Mean distance of log magnitudes, bin by bin, in natural-log units.

    For a vocoder that predicts a spectrum (Ai & Ling 2023, APNet, section II-C): what it says of
    the magnitudes is judged by itself, whatever its phases make of it.
    """

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        if output.spectrum is None:
            return None
        made, real = (x.abs().clamp(min=FLOOR).log() for x in (output.spectrum, output.target))
        return F.l1_loss(made, real)


class PhaseLoss(nn.Module):
    """How the phase goes on, over time and over frequency, weighted by how loud it is; in radians.

    Differences of phases from bin to bin, compared without their whole turns (Ai & Ling 2023,
    section II-C: group delay and instantaneous frequency). The phase itself is not in a mel and is
    not asked for. The weight is the magnitude's root: the phase of what nobody hears is noise.
    """

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        if output.spectrum is None:
            return None
        made, real = output.spectrum.angle(), output.target.angle()
        weight = output.target.abs().sqrt()
        parts = []
        for dim in (1, 2):  # over time, over frequency
            off = made.diff(dim=dim) - real.diff(dim=dim)
            off = (off - 2 * torch.pi * (off / (2 * torch.pi)).round()).abs()
            size = weight.shape[dim] - 1
            loud = torch.minimum(weight.narrow(dim, 1, size), weight.narrow(dim, 0, size))
            parts.append((off * loud).sum() / loud.sum().clamp(min=FLOOR))
        return torch.stack(parts).mean()


def magnitude(wave: Tensor, size: int, hop: int, window: Tensor) -> Tensor:
    """``(B, S)`` -> ``(B, T, F)``, in full precision whatever the model runs in."""
    with torch.autocast(wave.device.type, enabled=False):
        spectrum = torch.stft(
            wave.float(), size, hop, window=window, pad_mode="reflect", return_complex=True
        )
        # the root has no gradient at zero, and silence is exactly that
        power = torch.view_as_real(spectrum).square().sum(-1)
        return (power + 1e-9).sqrt().mT

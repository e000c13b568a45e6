"""Magnitude spectra from a mel: inversion of the mel filters, and re-estimation from phases."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.mel import mel_filters
from tts.contract import MelContract
from tts.errors import UserError

MAX_GAIN = 10.0  # of a mel band, in one call of match_mel
LEAST_EXCITATION = 0.02  # mean magnitude of a band in band_gains
EPSILON = 1e-7  # smallest magnitude, for logarithms
EVERY = slice(None)


class InverseMel(nn.Module):
    """Invert a mel: ``(B, T, M)`` natural-log mel to ``(B, T, F)`` magnitudes, F = n_fft // 2 + 1.

    The pseudo-inverse of the filters, then ``steps`` multiplicative updates (Lee & Seung 2001,
    equation 4), which keep the estimate positive and never increase the squared error of the mel.
    Bins outside all filters are zero.
    """

    def __init__(self, contract: MelContract, steps: int) -> None:
        super().__init__()
        self.steps, self.power = steps, contract.power
        filters = mel_filters(contract, torch.zeros(0))
        weight = filters.sum(0)  # (F,) of each bin, over all bands
        self.register_buffer("filters", filters, persistent=False)  # (M, F)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)  # (F, M)
        self.register_buffer("uncovered", (weight == 0).float(), persistent=False)  # (F,) 1 or 0
        shares = filters / weight.clamp(min=1e-12)
        self.register_buffer("shares", shares, persistent=False)  # (M, F) of a bin's weight
        # a bin outside all filters takes part in the last band below it, or in the first one
        band = filters.argmax(0).cummax(0).values == torch.arange(len(filters))[:, None]
        nearest = torch.where(weight == 0, band.float(), shares)
        self.register_buffer("nearest", nearest, persistent=False)  # (M, F) shares, none uncovered
        least = filters.sum(1) * LEAST_EXCITATION**self.power
        self.register_buffer("least", least, persistent=False)  # (M,)
        self.nearest: Tensor
        self.least: Tensor
        self.filters: Tensor
        self.inverse: Tensor
        self.uncovered: Tensor
        self.shares: Tensor

    def forward(self, mel: Tensor) -> Tensor:
        target = mel.exp()
        estimate = (target @ self.inverse.T).clamp(min=1e-8)
        numerator = target @ self.filters
        for _ in range(self.steps):
            estimate = estimate * numerator / ((estimate @ self.filters.T) @ self.filters + 1e-8)
        estimate = estimate * (1 - self.uncovered)
        return estimate.pow(1 / self.power) if self.power != 1 else estimate

    def match_mel(self, magnitude: Tensor, mel: Tensor) -> Tensor:
        """Scale magnitudes ``(B, T, F)`` by band so that their log mel approaches ``mel``.

        The gain of a bin is the mean of the gains of its bands, weighted by the filters. Bins
        outside all filters keep their magnitude.
        """
        return magnitude * self.gain(magnitude, mel.exp())

    def gain(self, magnitude: Tensor, target: Tensor) -> Tensor:
        """Return the gain of every bin ``(..., F)``; ``target (..., M)``: exp of the log mel."""
        power = magnitude.pow(self.power) if self.power != 1 else magnitude
        gains = (target / (power @ self.filters.T + EPSILON)).clamp(1 / MAX_GAIN, MAX_GAIN)
        gain = F.linear(gains, self.shares.T, self.uncovered)  # uncovered bins have no shares
        return gain.pow(1 / self.power) if self.power != 1 else gain

    def band_gains(self, magnitude: Tensor | None, mel: Tensor) -> Tensor:
        """Return gains ``(B, T, F)`` with which ``magnitude (B, T, F)`` has about the log ``mel``.

        ``magnitude``: None = 1 in all bins.
        For an excitation of any level, in contrast to :meth:`gain`. Bins outside all filters take
        the gain of the band below them. Where a band holds next to none of the excitation, as
        between two harmonics, the gain is limited.
        """
        if magnitude is None:
            found = self.filters.sum(1)
        else:
            power = magnitude.pow(self.power) if self.power != 1 else magnitude
            found = power @ self.filters.T
        found = found.clamp(min=self.least)
        gain = (mel.exp() / found) @ self.nearest
        return gain.pow(1 / self.power) if self.power != 1 else gain

    def relax_magnitudes(
        self, magnitude: Tensor, mel: Tensor, magnitude_weight: float
    ) -> "RelaxedMagnitudes | None":
        """Return the magnitude update of :meth:`InverseSTFT.refine_phases`; None keeps magnitudes.

        ``magnitude_weight``: 1 keeps the first estimate ``magnitude (B, T, F)`` during phase
        refinement; 0 re-estimates magnitudes from the current phases and the ``mel`` each round;
        between them, the weighted geometric mean. Many magnitudes have the same mel and few of them
        have consistent phases, so 0 estimates both together (bi-level consistency, Masuyama et al.
        2023, here by projections only). The mel does not determine bins outside the filters: they
        keep the first estimate.
        """
        if magnitude_weight == 1:
            return None
        return RelaxedMagnitudes(self, magnitude, mel, magnitude_weight)


class RelaxedMagnitudes:
    """Weighted geometric mean of the first estimate and of magnitudes that have the mel.

    See :meth:`InverseMel.relax_magnitudes`.
    """

    def __init__(
        self, inverse_mel: InverseMel, first: Tensor, mel: Tensor, magnitude_weight: float
    ) -> None:
        self.inverse_mel, self.target = inverse_mel, mel.exp()
        self.exponent = (1 - inverse_mel.uncovered) * (1 - magnitude_weight)  # (F,) of the latter
        self.log_first = first.clamp(min=EPSILON).log() * (1 - self.exponent)

    def __call__(self, magnitude: Tensor, frames: slice = EVERY) -> Tensor:
        """Map magnitudes ``(B, t, F)`` of ``frames``, none of them zero, to those to use."""
        matched = magnitude * self.inverse_mel.gain(magnitude, self.target[:, frames])
        return torch.addcmul(self.log_first[:, frames], matched.log(), self.exponent).exp()

    def write(self, magnitude: Tensor, frames: slice, out: Tensor) -> None:
        """Write the same into ``out``, without gradients and with fewer passes over memory."""
        torch.mul(magnitude, self.inverse_mel.gain(magnitude, self.target[:, frames]), out=out)
        torch.addcmul(self.log_first[:, frames], out.log_(), self.exponent, out=out).exp_()


def check_magnitude_weight(magnitude_weight: float, section: str) -> None:
    """Raise UserError unless ``magnitude_weight`` of the config ``section`` is in [0, 1]."""
    if not 0 <= magnitude_weight <= 1:
        raise UserError(f"{section}.magnitude_weight={magnitude_weight} must lie in [0, 1]")

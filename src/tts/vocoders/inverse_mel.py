"""What a mel says of the magnitudes it was made of, and of those a signal has."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tts.audio.mel import MelContract, mel_filters
from tts.errors import UserError

MOST = 10.0  # that a band is made louder or softer at once
SILENT = 1e-7  # a magnitude, so that it has a logarithm


class InverseMel(nn.Module):
    """``(B, T, M)`` log mel -> ``(B, T, F)`` magnitude, never negative.

    The pseudo-inverse of the filters, then ``steps`` multiplicative updates (Lee & Seung 2001,
    equation 4), which keep what is positive positive and lower the squared error of the mel at
    every step. Above the highest band nothing is known, and zero is said.
    """

    def __init__(self, contract: MelContract, steps: int) -> None:
        super().__init__()
        self.steps, self.power = steps, contract.power
        filters = mel_filters(contract, torch.zeros(0))
        seen = filters.sum(0)  # (F,) by all bands
        self.register_buffer("filters", filters, persistent=False)  # (M, F)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)  # (F, M)
        self.register_buffer("seen", seen > 0, persistent=False)
        shares = filters / seen.clamp(min=1e-12)
        self.register_buffer("shares", shares, persistent=False)  # (M, F) of a bin's weight
        self.filters: Tensor
        self.inverse: Tensor
        self.seen: Tensor
        self.shares: Tensor

    def forward(self, mel: Tensor) -> Tensor:
        target = mel.exp()
        estimate = (target @ self.inverse.T).clamp(min=1e-8)
        back = target @ self.filters
        for _ in range(self.steps):
            estimate = estimate * back / ((estimate @ self.filters.T) @ self.filters + 1e-8)
        # outside the filters nothing is known and nothing was there to hear
        return (estimate * self.seen).pow(1 / self.power)

    def fitted(self, magnitude: Tensor, mel: Tensor) -> Tensor:
        """``(B, T, F)`` magnitudes, louder or softer by band as brings their mel to ``mel``.

        A bin's gain is the mean of its bands' gains, by the filters. What no filter sees is kept.
        """
        power = magnitude.pow(self.power) if self.power != 1 else magnitude
        gains = (mel.exp() / (power @ self.filters.T + SILENT)).clamp(1 / MOST, MOST)
        gain = torch.where(self.seen, gains @ self.shares, 1.0)
        return magnitude * (gain.pow(1 / self.power) if self.power != 1 else gain)

    def relax_magnitudes(
        self, magnitude: Tensor, mel: Tensor, magnitude_weight: float
    ) -> Callable[[Tensor], Tensor] | None:
        """For :meth:`InverseSTFT.refined`: magnitudes that let the phases have their say.

        Of a mel many magnitudes are possible, and few of them have phases that fit. ``magnitude_weight`` = 1
        keeps ``magnitude`` whatever the phases are (None); 0 takes what the signal with these
        phases has, once its mel is ``mel``; between them is the mean of the logarithms. Magnitude
        and phase are then found together, as in Masuyama et al. 2023 (bi-level consistency), here
        by projections alone.
        """
        if magnitude_weight == 1:
            return None
        said = magnitude.clamp(min=SILENT).log() * magnitude_weight if magnitude_weight else None

        def magnitudes(heard: Tensor) -> Tensor:
            fitted = self.fitted(heard, mel)
            # what no filter sees nothing but the first guess knows
            fitted = torch.where(self.seen, fitted, magnitude)
            if said is None:
                return fitted
            return (said + fitted.clamp(min=SILENT).log() * (1 - magnitude_weight)).exp()

        return magnitudes


def check_magnitude_weight(magnitude_weight: float, owner: str) -> None:
    """Raise UserError for a ``magnitude_weight`` that is no share; ``owner``: model or vocoder."""
    if not 0 <= magnitude_weight <= 1:
        raise UserError(f"{owner}.magnitude_weight={magnitude_weight} must lie in [0, 1]")

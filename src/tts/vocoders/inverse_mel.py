"""What a mel already says of the magnitudes it was made of."""

import torch
from torch import Tensor, nn

from tts.audio.mel import MelContract, mel_filters


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
        self.register_buffer("filters", filters, persistent=False)  # (M, F)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)  # (F, M)
        self.filters: Tensor
        self.inverse: Tensor

    def forward(self, mel: Tensor) -> Tensor:
        target = mel.exp()
        estimate = (target @ self.inverse.T).clamp(min=1e-8)
        back = target @ self.filters
        for _ in range(self.steps):
            estimate = estimate * back / ((estimate @ self.filters.T) @ self.filters + 1e-8)
        # outside the filters nothing is known and nothing was there to hear
        estimate = estimate * (self.filters.sum(0) > 0)
        return estimate.pow(1 / self.power)

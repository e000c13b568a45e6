"""Griffin-Lim vocoder: phase reconstruction without training."""

from typing import Annotated

import torch
from torch import Tensor

from tts.bounds import Bound, Iterations, Share, ShareBelowOne
from tts.contract import MelContract
from tts.errors import UserError
from tts.vocoders.inverse_mel import InverseMel, check_magnitude_weight
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.vocoder import Vocoder


class GriffinLim(Vocoder):
    """Griffin & Lim 1984 with momentum (Perraudin et al. 2013) and re-estimated magnitudes.

    ``iterations``: rounds of phase refinement. ``momentum`` in [0, 1): 0 is the original algorithm.
    ``inversion_steps``: updates of :class:`InverseMel` for the first estimate of the magnitudes.
    ``magnitude_weight``: 1 keeps the first estimate of the magnitudes during phase refinement, as
    in the papers; 0 re-estimates them from the current phases and the mel each round, which sounds
    far better.
    """

    def __init__(
        self,
        contract: MelContract,
        iterations: Annotated[int, Bound(least=1, most=100_000)] = 32,
        momentum: ShareBelowOne = 0.99,
        inversion_steps: Iterations = 10,
        magnitude_weight: Share = 0.0,
    ) -> None:
        super().__init__(contract)
        if iterations < 1:
            raise UserError(f"vocoder.iterations={iterations} must be at least 1")
        if not 0 <= momentum < 1:
            raise UserError(f"vocoder.momentum={momentum} must lie in [0, 1)")
        check_magnitude_weight(magnitude_weight, "vocoder")
        self.iterations, self.momentum = iterations, momentum
        self.magnitude_weight = magnitude_weight
        self.inverse_mel = InverseMel(contract, inversion_steps)
        self.inverse_stft = InverseSTFT(contract)

    def forward(self, mel: Tensor) -> Tensor:
        """Map ``(B, T, M)`` to ``(B, T * hop)``; deterministic."""
        mel = mel.float()
        magnitude = self.inverse_mel(mel)
        # random initial phases from a fixed seed: the same mel gives the same samples
        cycles = torch.rand(magnitude.shape[1:], generator=torch.Generator().manual_seed(0))
        spectrum = torch.polar(magnitude, 2 * torch.pi * cycles.to(mel).expand_as(magnitude))
        update = self.inverse_mel.relax_magnitudes(magnitude, mel, self.magnitude_weight)
        refined = self.inverse_stft.refine_phases(spectrum, self.iterations, self.momentum, update)
        return self.inverse_stft(refined).clamp(-1, 1)

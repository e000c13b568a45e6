"""Samples from a mel without learning anything: find the magnitudes and phases that fit it."""

import torch
from torch import Tensor

from tts.audio.mel import MelContract
from tts.errors import UserError
from tts.vocoders.inverse_mel import InverseMel, check_magnitude_weight
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.vocoder import Vocoder


class GriffinLim(Vocoder):
    """Griffin & Lim 1984, with the momentum of Perraudin et al. 2013 and magnitudes that yield.

    ``iterations`` of phase search; ``momentum`` in [0, 1), 0 is the original algorithm;
    ``inversion_steps`` of the search for the first magnitude whose mel is the one given; ``magnitude_weight``:
    how far the magnitudes stay there, 1 as in the papers, 0 wherever the mel and the phases want
    them (:meth:`InverseMel.relax_magnitudes`), which sounds far better.
    """

    def __init__(
        self,
        contract: MelContract,
        iterations: int = 32,
        momentum: float = 0.99,
        inversion_steps: int = 10,
        magnitude_weight: float = 0.0,
    ) -> None:
        super().__init__(contract)
        if iterations < 1 or not 0 <= momentum < 1:
            raise UserError(
                f"vocoder.iterations={iterations} must be at least 1 and "
                f"vocoder.momentum={momentum} lie in [0, 1)"
            )
        check_magnitude_weight(magnitude_weight, "vocoder")
        self.iterations, self.momentum, self.magnitude_weight = (
            iterations,
            momentum,
            magnitude_weight,
        )
        self.inverse_mel = InverseMel(contract, inversion_steps)
        self.inverse = InverseSTFT(contract)

    def forward(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` -> ``(B, T * hop)``; the same mel gives the same samples."""
        mel = mel.float()
        magnitude = self.inverse_mel(mel)
        # phases start at random; a fixed start makes the same mel sound the same every time
        turns = torch.rand(magnitude.shape[1:], generator=torch.Generator().manual_seed(0))
        spectrum = torch.polar(magnitude, 2 * torch.pi * turns.to(mel).expand_as(magnitude))
        magnitudes = self.inverse_mel.relax_magnitudes(magnitude, mel, self.magnitude_weight)
        refined = self.inverse.refined(spectrum, self.iterations, self.momentum, magnitudes)
        return self.inverse(refined).clamp(-1, 1)

"""Samples from a mel without learning anything: invert the filterbank, then find phases."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torchaudio.functional import griffinlim

from tts.audio.mel import MelContract
from tts.errors import UserError
from tts.vocoders.inverse_mel import InverseMel
from tts.vocoders.vocoder import Vocoder


class GriffinLim(Vocoder):
    """Griffin & Lim 1984, with the momentum of Perraudin et al. 2013.

    ``iterations`` of phase search; ``momentum`` in [0, 1), 0 is the original algorithm;
    ``inversion_steps`` of the search for a magnitude whose mel is the one given.
    """

    def __init__(
        self,
        contract: MelContract,
        iterations: int = 32,
        momentum: float = 0.99,
        inversion_steps: int = 10,
    ) -> None:
        super().__init__(contract)
        if iterations < 1 or not 0 <= momentum < 1:
            raise UserError(
                f"vocoder.iterations={iterations} must be at least 1 and "
                f"vocoder.momentum={momentum} lie in [0, 1)"
            )
        self.iterations, self.momentum = iterations, momentum
        self.magnitude = InverseMel(contract, inversion_steps)
        self.register_buffer("window", torch.hann_window(contract.window), persistent=False)
        self.window: Tensor

    def forward(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` -> ``(B, T * hop)``; the same mel gives the same samples.

        Phases are searched with frames centred on multiples of the hop. The contract's frames
        are centred half a hop later, unless they are centred too: what lies before them is cut.
        """
        hop, frames = self.contract.hop, mel.shape[1]
        magnitude = self.magnitude(mel.float())
        # a silent frame in front and three behind: the half hop cut in front is there at the end,
        # and a clip of one frame is long enough to be reflected
        spectrum = F.pad(magnitude, (0, 0, 1, 3)).mT  # (B, F, T + 4)
        # phases start at random; a fixed start makes the same mel sound the same every time
        with torch.random.fork_rng(devices=_cuda(mel)):
            torch.manual_seed(0)
            wave = griffinlim(
                spectrum,
                window=self.window,
                n_fft=self.contract.n_fft,
                hop_length=hop,
                win_length=self.contract.window,
                power=1.0,
                n_iter=self.iterations,
                momentum=self.momentum,
                length=(frames + 3) * hop,
                rand_init=True,
            )
        # frame t of the contract is centred on t * hop + hop / 2; frame t + 1 here on (t + 1) * hop
        start = hop if self.contract.centred else hop - hop // 2
        return wave[:, start : start + frames * hop].clamp(-1, 1)


def _cuda(like: Tensor) -> list[torch.device]:
    return [like.device] if like.is_cuda else []

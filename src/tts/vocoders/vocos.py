"""Vocos: frames of a spectrum instead of samples (Siuzdak 2023).

ConvNeXt blocks at the frame rate predict the magnitude and phase of every frame, and an inverse
STFT makes the samples: nothing runs at the sample rate, hence the speed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.mel import MelContract
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.vocoder import Vocoder

KERNEL = 7  # frames that a convolution sees


class ConvNeXt(nn.Module):
    """A ConvNeXt block (Liu et al. 2022) over time. ``(B, T, dim) -> (B, T, dim)``.

    ``hidden``: channels between the two linears; ``scale``: what the block's branch starts at.
    """

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x.mT).mT)
        return torch.addcmul(x, self.contract(F.gelu(self.expand(y))), self.scale)


class Vocos(Vocoder):
    """``dim``: channels; ``hidden``: those inside a block; ``depth``: blocks."""

    def __init__(
        self, contract: MelContract, dim: int = 512, hidden: int = 1536, depth: int = 8
    ) -> None:
        super().__init__(contract)
        self.embed = nn.Conv1d(contract.bands, dim, KERNEL, padding=KERNEL // 2)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.blocks = nn.ModuleList(ConvNeXt(dim, hidden, 1 / depth) for _ in range(depth))
        self.last_norm = nn.LayerNorm(dim, eps=1e-6)
        self.spectrum = nn.Linear(dim, contract.n_fft + 2)
        self.inverse = InverseSTFT(contract)
        # every convolution, and the windows that overlap a hop
        self.context = KERNEL // 2 * (depth + 1) + contract.n_fft // contract.hop // 2 + 1
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.norm(self.embed(mel.mT).mT)
        for block in self.blocks:
            x = block(x)
        with torch.autocast(x.device.type, enabled=False):
            magnitude, phase = self.spectrum(self.last_norm(x).float()).chunk(2, -1)
            # a frame of more than 100 a bin is louder than any speech: keep an early exp from inf
            magnitude = magnitude.exp().clamp(max=100.0)
            return self.inverse(torch.polar(magnitude, phase))

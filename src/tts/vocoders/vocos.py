"""Vocos: frames of a spectrum instead of samples (Siuzdak 2023).

ConvNeXt blocks at the frame rate predict the magnitude and phase of every frame, and an inverse
STFT makes the samples: nothing runs at the sample rate, hence the speed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.mel import MelContract
from tts.modules.conv import ChannelsLastConv1d
from tts.vocoders.inverse_mel import InverseMel, check_magnitude_weight
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.vocoder import Vocoder, VocoderOutput

PRIOR_STEPS = 3  # of the mel's inversion
PRIOR_FLOOR = 1e-3  # of a magnitude that the mel does not know
KERNEL = 7  # frames that a convolution sees


class ConvNeXt(nn.Module):
    """A ConvNeXt block (Liu et al. 2022) over time. ``(B, T, dim) -> (B, T, dim)``.

    ``hidden``: channels between the two linears; ``scale``: what the block's branch starts at.
    """

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = ChannelsLastConv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x))
        return torch.addcmul(x, self.contract(F.gelu(self.expand(y))), self.scale)


class Vocos(Vocoder):
    """``dim``: channels; ``hidden``: those inside a block; ``depth``: blocks.

    ``prior``: magnitudes start at what the mel itself says of them, its inverse, and the network
    says how they differ (Lv et al. 2024, FreeV): a small network then has little left to learn.
    ``refinements``: rounds of Griffin-Lim with momentum from the network's phases on, each making
    them more consistent with one another, in training too (Masuyama et al. 2019).
    ``magnitude_weight``: how far they hold to the network's magnitudes (:meth:`InverseMel.relax_magnitudes`). The mean
    that a network learns of a noise's magnitudes has no phases that fit it, and buzzes.
    """

    def __init__(
        self,
        contract: MelContract,
        dim: int = 512,
        hidden: int = 1536,
        depth: int = 8,
        prior: bool = False,
        refinements: int = 0,
        magnitude_weight: float = 1.0,
    ) -> None:
        check_magnitude_weight(magnitude_weight, "model")
        super().__init__(contract)
        self.embed = ChannelsLastConv1d(contract.bands, dim, KERNEL, padding=KERNEL // 2)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.blocks = nn.ModuleList(ConvNeXt(dim, hidden, 1 / depth) for _ in range(depth))
        self.last_norm = nn.LayerNorm(dim, eps=1e-6)
        self.spectrum = nn.Linear(dim, contract.n_fft + 2)
        self.inverse = InverseSTFT(contract)
        self.inverse_mel = InverseMel(contract, PRIOR_STEPS)
        self.prior, self.refinements, self.magnitude_weight = prior, refinements, magnitude_weight
        # every convolution, and the windows that overlap a hop, once more for each refinement
        overlap = contract.n_fft // contract.hop // 2 + 1
        self.context = KERNEL // 2 * (depth + 1) + overlap * (1 + 2 * refinements)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor) -> Tensor:
        return self.samples(self.frames(mel), mel)

    def training_output(self, mel: Tensor, audio: Tensor) -> VocoderOutput:
        frames = self.frames(mel)
        wave = self.samples(frames, mel)
        # the windows of a clip's first and last frames reach beyond the clip
        edge = self.contract.n_fft // self.contract.hop // 2
        target = self.inverse.transform(audio)[:, edge:-edge]
        return VocoderOutput(wave, frames[:, edge:-edge], target)

    def samples(self, spectrum: Tensor, mel: Tensor) -> Tensor:
        """``(B, T, n_fft // 2 + 1)`` complex and its ``(B, T, M)`` log mel -> ``(B, T * hop)``."""
        with torch.autocast(mel.device.type, enabled=False):
            magnitudes = self.inverse_mel.relax_magnitudes(
                spectrum.abs(), mel.float(), self.magnitude_weight
            )
            refined = self.inverse.refined(spectrum, self.refinements, magnitudes=magnitudes)
            return self.inverse(refined)

    def frames(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` -> ``(B, T, n_fft // 2 + 1)`` complex, as the network says it."""
        x = self.norm(self.embed(mel))
        for block in self.blocks:
            x = block(x)
        with torch.autocast(x.device.type, enabled=False):
            magnitude, phase = self.spectrum(self.last_norm(x).float()).chunk(2, -1)
            if self.prior:
                prior = self.inverse_mel(mel.float())
                magnitude = magnitude + prior.clamp(min=PRIOR_FLOOR).log()
            # a frame of more than 100 a bin is louder than any speech: keep an early exp from inf
            return torch.polar(magnitude.exp().clamp(max=100.0), phase)

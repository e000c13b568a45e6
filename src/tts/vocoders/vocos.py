"""Vocos: STFT magnitudes and phases from ConvNeXt blocks at the frame rate (Siuzdak 2023).

An inverse STFT turns them into samples. No layer runs at the sample rate, so it is fast. With the
head of WaveNeXt a linear layer takes the place of the inverse STFT.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Depth, Iterations, Share
from tts.contract import MelContract
from tts.errors import UserError
from tts.modules.conv import ChannelsLastConv1d, to_bucket
from tts.modules.exporting import is_exporting
from tts.vocoders.inverse_mel import InverseMel, check_magnitude_weight
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.polar import magnitude_of, polar
from tts.vocoders.sample_head import SampleHead
from tts.vocoders.vocoder import Vocoder, VocoderOutput

PRIOR_STEPS = 3  # updates of the mel inversion
PRIOR_FLOOR = 1e-3  # magnitude of the prior outside the mel filters
MAX_MAGNITUDE = 100.0  # louder than any speech: keeps an early exp from infinity
KERNEL = 7  # frames


class ConvNeXt(nn.Module):
    """ConvNeXt block (Liu et al. 2022) over time. ``(B, T, dim) -> (B, T, dim)``.

    ``hidden``: channels between the two linears; ``scale``: initial scale of the residual branch.
    """

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = ChannelsLastConv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x)).to(self.expand.weight.dtype)
        y = self.contract(F.gelu(self.expand(y)))
        return torch.addcmul(x, y.to(x.dtype), self.scale)


class Vocos(Vocoder):
    """Vocos of ``depth`` ConvNeXt blocks with ``dim`` channels, ``hidden`` inside a block.

    ``prior``: predict log magnitudes relative to the inverse of the mel (FreeV, Lv et al. 2024),
    which is easier for a small network. ``refinements``: rounds of Griffin-Lim on the predicted
    phases, in training too (Masuyama et al. 2019). ``magnitude_weight``: 1 keeps the first estimate
    of the magnitudes during phase refinement, 0 re-estimates them from the current phases and the
    mel each round. Predicted magnitudes of noise are means without consistent phases: they buzz.

    ``head``: ``spectrum`` predicts an STFT and inverts it; ``samples`` predicts the samples of each
    frame by the layers of WaveNeXt (:class:`SampleHead`). Raises UserError for a setting of the
    spectrum beside ``head=samples``.
    """

    def __init__(
        self,
        contract: MelContract,
        dim: Channels = 512,
        hidden: Channels = 1536,
        depth: Depth = 8,
        prior: bool = False,
        refinements: Iterations = 0,
        magnitude_weight: Share = 1.0,
        head: Literal["spectrum", "samples"] = "spectrum",
    ) -> None:
        check_magnitude_weight(magnitude_weight, "model")
        if head == "samples":
            require_no_spectrum(prior, refinements, magnitude_weight)
        super().__init__(contract)
        self.dim, self.head = dim, head
        self.predicts_spectrum = head == "spectrum"
        self.embed = ChannelsLastConv1d(contract.bands, dim, KERNEL, padding=KERNEL // 2)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.blocks = nn.ModuleList(ConvNeXt(dim, hidden, 1 / depth) for _ in range(depth))
        self.last_norm = nn.LayerNorm(dim, eps=1e-6)
        self.prior, self.refinements, self.magnitude_weight = prior, refinements, magnitude_weight
        self.context = KERNEL // 2 * (depth + 1)  # of the convolutions
        if head == "samples":
            self.samples = SampleHead(contract, dim)
        else:
            self.spectrum = nn.Linear(dim, contract.n_fft + 2)
            self.inverse_stft = InverseSTFT(contract)
            self.inverse_mel = InverseMel(contract, PRIOR_STEPS)
            # the overlap of frames in each refinement, then of frames and samples
            self.context += (contract.n_fft - 1) // contract.hop * refinements
            self.context += contract.n_fft // contract.hop // 2 + 1
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map ``(B, T, M)`` to ``(B, T * hop)``.

        ``condition (B, T, dim)``: what is known beside the mel, added to its embedding.
        """
        if self.head == "spectrum":
            return self.reconstruct(self.predict_spectrum(mel, condition), mel)
        x = self._features(mel, condition)
        with torch.autocast(x.device.type, enabled=False):
            return self.samples(self.last_norm(x).float())

    def training_output(
        self, mel: Tensor, audio: Tensor, condition: Tensor | None = None
    ) -> VocoderOutput:
        if self.head == "samples":
            return VocoderOutput(self(mel, condition))
        frames = self.predict_spectrum(mel, condition)
        wave = self.reconstruct(frames, mel)
        # the windows of a clip's first and last frames reach beyond the clip
        edge = self.contract.n_fft // self.contract.hop // 2
        target = self.inverse_stft.stft(audio)[:, edge:-edge]
        return VocoderOutput(wave, frames[:, edge:-edge], target)

    def use_bfloat16(self) -> None:
        """Compute the linear layers of the blocks in bf16: nine tenths of the arithmetic."""
        for block in self.blocks:
            block.expand.bfloat16()
            block.contract.bfloat16()

    def reconstruct(self, spectrum: Tensor, mel: Tensor) -> Tensor:
        """Map a complex spectrum ``(B, T, n_fft // 2 + 1)`` and its mel to ``(B, T * hop)``."""
        with torch.autocast(mel.device.type, enabled=False):
            update = self.inverse_mel.relax_magnitudes(
                magnitude_of(spectrum), mel.float(), self.magnitude_weight
            )
            refined = self.inverse_stft.refine_phases(
                spectrum, self.refinements, update_magnitude=update
            )
            return self.inverse_stft(refined)

    def _embedded(self, mel: Tensor) -> Tensor:
        """Return ``self.embed(mel)`` by a matrix product.

        oneDNN's convolution rounds a frame differently in every length of chunk, and bf16 layers
        and phase refinement amplify that.
        """
        windows = F.pad(mel, (0, 0, KERNEL // 2, KERNEL // 2)).unfold(1, KERNEL, 1)
        return F.linear(windows.flatten(2), self.embed.weight.flatten(1), self.embed.bias)

    def _transformed(self, x: Tensor) -> Tensor:
        """Apply the blocks to ``x (B, T, dim)``; in synthesis on a CPU, to a length that recurs."""
        frames = x.shape[1]
        recurs = x.device.type == "cpu" and not torch.is_grad_enabled() and not is_exporting()
        after = to_bucket(frames) if recurs else 0
        x = F.pad(x, (0, 0, 0, after)) if after else x
        for block in self.blocks:
            x = block(x)
            if after:
                x[:, frames:] = 0  # as the convolution pads
        return x[:, :frames]

    def _features(self, mel: Tensor, condition: Tensor | None) -> Tensor:
        """Return the output of the blocks, ``(B, T, dim)``."""
        x = self.embed(mel) if torch.is_grad_enabled() else self._embedded(mel)
        x = self.norm(x if condition is None else x + condition)
        return self._transformed(x)

    def predict_spectrum(self, mel: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map ``(B, T, M)`` to the network's complex spectrum ``(B, T, n_fft // 2 + 1)``.

        ``condition`` as in :meth:`forward`. For ``head=spectrum``.
        """
        x = self._features(mel, condition)
        with torch.autocast(x.device.type, enabled=False):
            magnitude, phase = self.spectrum(self.last_norm(x).float()).chunk(2, -1)
            if self.prior:
                prior = self.inverse_mel(mel.float())
                magnitude = magnitude + prior.clamp(min=PRIOR_FLOOR).log()
            return polar(magnitude.exp().clamp(max=MAX_MAGNITUDE), phase)


def require_no_spectrum(prior: bool, refinements: int, magnitude_weight: float) -> None:
    """Raise UserError for a setting of the predicted spectrum that is not at its default."""
    if prior:
        raise UserError(
            "prior=true needs predicted magnitudes, which head=samples does not have: set "
            "prior=false, or train with head=spectrum"
        )
    if refinements:
        raise UserError(
            f"refinements={refinements} needs predicted phases, which head=samples does not have: "
            "set refinements=0, or use a vocoder trained with head=spectrum"
        )
    if magnitude_weight != 1:
        raise UserError(
            f"magnitude_weight={magnitude_weight} needs predicted magnitudes, which head=samples "
            "does not have: set magnitude_weight=1, or use a vocoder trained with head=spectrum"
        )

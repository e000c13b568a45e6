"""Vocos: STFT magnitudes and phases from ConvNeXt blocks at the frame rate (Siuzdak 2023).

An inverse STFT turns them into samples. No layer runs at the sample rate, so it is fast. With the
head of WaveNeXt a linear layer takes the place of the inverse STFT.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Depth, Iterations, Share
from tts.contract import MelContract
from tts.errors import UserError
from tts.vocoders.frame_vocoder import MAX_MAGNITUDE, FrameVocoder
from tts.vocoders.polar import polar
from tts.vocoders.sample_head import SampleHead
from tts.vocoders.vocoder import VocoderOutput

PRIOR_FLOOR = 1e-3  # magnitude of the prior outside the mel filters


class Vocos(FrameVocoder):
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
        if head == "samples":
            require_no_spectrum(prior, refinements, magnitude_weight)
        super().__init__(contract, dim, hidden, depth)
        self.head, self.prior = head, prior
        self.predicts_spectrum = head == "spectrum"
        if head == "samples":
            self.samples = SampleHead(contract, dim)
        else:
            self.spectrum = nn.Linear(dim, contract.n_fft + 2)
            self.add_inversion(refinements, magnitude_weight)
        self.initialize()

    def forward(self, mel: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map ``(B, T, M)`` to ``(B, T * hop)``.

        ``condition (B, T, dim)``: what is known beside the mel, added to its embedding.
        """
        if self.head == "spectrum":
            return self.reconstruct(self.predict_spectrum(mel, condition), mel)
        x = self.features(mel, condition)
        with torch.autocast(x.device.type, enabled=False):
            return self.samples(self.last_norm(x).float())

    def training_output(
        self,
        mel: Tensor,
        audio: Tensor,
        pitch: Tensor | None = None,
        condition: Tensor | None = None,
    ) -> VocoderOutput:
        if self.head == "samples":
            return VocoderOutput(self(mel, condition))
        frames = self.predict_spectrum(mel, condition)
        wave = self.reconstruct(frames, mel)
        return VocoderOutput(wave, *self.target_spectrum(audio, frames))

    def predict_spectrum(self, mel: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map ``(B, T, M)`` to the network's complex spectrum ``(B, T, n_fft // 2 + 1)``.

        ``condition`` as in :meth:`forward`. For ``head=spectrum``.
        """
        x = self.features(mel, condition)
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

"""Autoregressive model of mel frames: a mean and a log-variance per band, a density to sample."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from tts.batch import Batch
from tts.controls import SynthesisControls
from tts.corpus import CorpusFacts
from tts.masks import mask_from_lengths
from tts.models.acoustic import Diagnostics
from tts.models.aligned import Path
from tts.models.autoregressive_base import Autoregressive, Parts
from tts.models.decoding import History
from tts.models.mel_model import STYLE_CONTROLS
from tts.models.sampling import Sampling
from tts.modules.clamp import returning_clamp
from tts.modules.style import StyleOutput
from tts.modules.variance_scale import scale_variance

LOG_VARIANCE = (-8.0, 4.0)  # of the normalized mel
OF_CODES = "model/output=codes"


class AutoregressiveOutput(NamedTuple):
    """What the losses read. S decoder steps, A heads that carry the alignment."""

    mel: Tensor  # (B, T, M) natural-log magnitude
    mean: Tensor  # (B, T, M) of the density that is sampled: before the postnet
    log_variance: Tensor  # (B, T, M) of that density
    stop: Tensor  # (B, S) logits of "this step is the last"
    head_alignments: Tensor  # (B, A, S, N) log-weights
    token_mask: Tensor  # (B, N) bool
    frame_mask: Tensor  # (B, T) bool
    step_mask: Tensor  # (B, S) bool
    frames_per_step: int
    targets: Path | None = None  # where the heads have to read, with attention forcing
    log_attention: Tensor | None = None  # (B, T, N) the aligner's
    mel_before_postnet: Tensor | None = None  # (B, T, M), where there is a postnet
    style: StyleOutput = StyleOutput(None)


class AutoregressiveMel(Autoregressive[AutoregressiveOutput]):
    """A step writes ``frames_per_step`` mel frames and reads the last one of the step before."""

    optional_controls = STYLE_CONTROLS | dict.fromkeys(
        ("fine_temperature", "top_k", "top_p", "repetition_penalty", "beam"), OF_CODES
    )

    def __init__(self, facts: CorpusFacts, parts: Parts) -> None:
        bands = facts.contract.bands
        super().__init__(facts, parts, bands, 2 * parts.frames_per_step * bands)
        self.postnet = parts.postnet(bands=bands) if parts.postnet is not None else None

    @property
    def controls(self) -> frozenset[str]:
        return super().controls | {"variance_scale"}

    @property
    def context_frames(self) -> int:
        return 0 if self.postnet is None else self.postnet.context

    def forward(self, batch: Batch) -> AutoregressiveOutput:
        """Predict each step from the recording's frames before it (teacher forcing)."""
        assert batch.mel is not None
        frame_mask = mask_from_lengths(batch.frame_lengths, batch.mel.shape[1])
        mel = self.normalized(batch.mel) * frame_mask[..., None]
        step_mask = frame_mask[:, :: self.frames_per_step]
        decoded = self.decoded(batch, mel, step_mask)
        mean, log_variance = self._projected(decoded.states, frame_mask)
        predicted = self.denormalized(mean, frame_mask)
        refined = predicted
        if self.postnet is not None:
            refined = self.denormalized(self.refine(mean, frame_mask), frame_mask)
        return AutoregressiveOutput(
            mel=refined,
            mean=predicted,
            log_variance=log_variance + 2 * self.mel_std.log(),
            stop=self.stop(decoded.states).float()[..., 0],
            head_alignments=decoded.head_alignments,
            token_mask=decoded.token_mask,
            frame_mask=frame_mask,
            step_mask=step_mask,
            frames_per_step=self.frames_per_step,
            mel_before_postnet=None if self.postnet is None else predicted,
            targets=decoded.targets,
            log_attention=decoded.log_attention,
            style=decoded.style,
        )

    def diagnostics(self, output: AutoregressiveOutput) -> Diagnostics:
        return Diagnostics(
            mel=output.mel,
            log_attention=self.frame_attention(output.head_alignments, output.mel.shape[1]),
            stop=output.stop,
            stop_lengths=output.step_mask.sum(-1),
        )

    def read_by_prenet(self, content: Tensor) -> Tensor:
        """Return the last frame before each step: ``(B, T, M) -> (B, S, M)``."""
        count = content[:, :: self.frames_per_step].shape[1] - 1
        earlier = content[:, self.frames_per_step - 1 :: self.frames_per_step][:, :count]
        first = self.first_frame.expand(len(content), 1, -1).to(content.dtype)
        return torch.cat([first, earlier], 1)

    def predicted_content(self, states: Tensor, content: Tensor) -> Tensor:
        return self.density(states)[0][:, : content.shape[1]]

    def next_input(self, frames: Tensor) -> Tensor:
        return frames[:, -1]

    def write(
        self, x: Tensor, history: History, sampling: Sampling, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """``(B, dim)`` -> normalized frames ``(B, r, M)``, nats in the mean over their values."""
        frames, log_variance = self.density(x[:, None])
        density = log_variance + math.log(2 * math.pi)
        if sampling.temperature:
            normal = torch.randn(frames.shape, generator=generator, device=frames.device)
            normal = sampling.temperature * normal
            frames = frames + (0.5 * log_variance).exp() * normal
            density = density + normal.square()
        return frames, -0.5 * density.mean((1, 2))

    def finished(self, frames: Tensor, mask: Tensor, controls: SynthesisControls) -> Tensor:
        mel = self.refine(frames * mask[..., None], mask)
        if controls.variance_scale is not None:
            mel = scale_variance(mel, mask, controls.variance_scale)
        return self.denormalized(mel, mask)

    def density(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, S, dim)`` -> mean and log-variance ``(B, S * r, M)``, normalized, fp32."""
        mean, log_variance = self.project(states).float().chunk(2, -1)
        shape = (len(states), -1, self.bands)
        log_variance = returning_clamp(log_variance, *LOG_VARIANCE)
        return mean.reshape(shape), log_variance.reshape(shape)

    def _projected(self, states: Tensor, frame_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance ``(B, T, M)``, normalized, 0 at padding."""
        real = frame_mask[..., None]
        mean, log_variance = self.density(states)
        frames = frame_mask.shape[1]
        return mean[:, :frames] * real, log_variance[:, :frames] * real

    def refine(self, mel: Tensor, frame_mask: Tensor) -> Tensor:
        """Apply the postnet, if there is one, to a normalized mel ``(B, T, M)``."""
        return mel if self.postnet is None else self.postnet(mel, frame_mask).float()

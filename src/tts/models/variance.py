"""Variance adaptor: duration, pitch and energy per token.

FastSpeech 2 (Ren et al. 2021, section 2.3) with FastPitch's choice (Łańcucki 2021, section 2.2) of
one pitch and one energy value per token instead of one per frame: a token is what a user wants to
raise, stretch or stress, and token averages are easier to predict than frames.
"""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.regulator import average_by_duration
from tts.batch import Batch, Prompt
from tts.bounds import OddKernel, Probability, Share
from tts.controls import PerToken, SynthesisControls
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.models.durations import LOG_DURATION, Durations, speaking_durations
from tts.models.flow import FlowOutput, ResidualFlow, noise_like
from tts.modules.clamp import returning_clamp
from tts.modules.conv import ChannelsLastConv1d
from tts.modules.dropout import Dropout
from tts.modules.film import FiLM


class Prosody(NamedTuple):
    """Token-level prosody. Pitch and energy are z-scores under the speaker's own statistics."""

    log_duration: Tensor  # (B, N) mean of ln(frames)
    log_duration_variance: Tensor  # (B, N) log of the variance of ln(frames)
    pitch: Tensor  # (B, N) z-score of ln F0, 0 where unvoiced
    energy: Tensor  # (B, N) z-score of log energy


class ProsodyTargets(NamedTuple):
    """The recording's prosody per token, in the units of :class:`Prosody`."""

    durations: Tensor  # (B, N) int64 frames
    pitch: Tensor  # (B, N)
    energy: Tensor  # (B, N)


class Deviations(NamedTuple):
    """Standard deviations of a speaker, which turn shifts into shifts of z-scores."""

    pitch: Tensor  # (B, 1) of ln F0
    energy: Tensor  # (B, 1) of log energy

    def semitones(self, semitones: PerToken) -> Tensor:
        """Return a shift in semitones as a shift of the pitch z-score, ``(B, 1)`` or ``(B, N)``."""
        return torch.as_tensor(semitones) * (math.log(2) / 12) / self.pitch

    def decibels(self, decibels: PerToken) -> Tensor:
        """Return a shift in decibels as a shift of the energy z-score, ``(B, 1)`` or ``(B, N)``."""
        return torch.as_tensor(decibels) * (math.log(10) / 20) / self.energy


class SpeakerNormalizer(nn.Module):
    """Pitch and energy to z-scores under each speaker's statistics.

    The statistics are buffers, so that a checkpoint needs no corpus to speak.
    """

    STATISTICS = ("pitch_mean", "pitch_std", "energy_mean", "energy_std")

    def __init__(self, facts: CorpusFacts) -> None:
        super().__init__()
        for name in self.STATISTICS:
            rows = [asdict(speaker)[name] for speaker in facts.statistics]
            values = torch.tensor(rows, dtype=torch.float32)
            self.register_buffer(name, values.clamp(min=1e-3) if name.endswith("std") else values)
        self.pitch_mean: Tensor
        self.pitch_std: Tensor
        self.energy_mean: Tensor
        self.energy_std: Tensor

    def forward(self, batch: Batch, durations: Tensor) -> tuple[Tensor, Tensor]:
        """Return token z-scores of pitch and of energy, ``(B, N)`` each, from frame values.

        Pitch is averaged over a token's voiced frames; a token without any gets 0, the speaker's
        mean, so that silence and voiceless consonants do not move the contour.
        """
        assert batch.pitch is not None
        assert batch.energy is not None
        speaker = _speaker_or_first(batch.speaker, batch.tokens)
        voiced = batch.pitch > 0
        log_pitch = torch.where(voiced, batch.pitch.clamp(min=1.0).log(), 0.0)
        pitch = (log_pitch - self.pitch_mean[speaker, None]) / self.pitch_std[speaker, None]
        energy = (batch.energy - self.energy_mean[speaker, None]) / self.energy_std[speaker, None]
        return (
            average_by_duration(pitch, durations, mask=voiced),
            average_by_duration(energy, durations),
        )

    def deviations(self, prompt: Prompt) -> Deviations:
        """Return the deviations of a prompt's speaker: an unknown one has its own statistics."""
        if prompt.statistics is not None:
            pitch, energy = prompt.statistics[:, [1, 3]].clamp(min=1e-3).unbind(-1)
            return Deviations(pitch[:, None], energy[:, None])
        return self.deviations_of(_speaker_or_first(prompt.speaker, prompt.tokens))

    def deviations_of(self, speaker: Tensor) -> Deviations:
        """Return the deviations of speakers ``(B,)`` of the corpus."""
        return Deviations(self.pitch_std[speaker, None], self.energy_std[speaker, None])


class Predictor(nn.Module):
    """Two convolutions, each layer-normalized and FiLM-modulated, then one linear.

    FastSpeech 2, figure 1c, plus the style. ``(B, N, dim) -> (B, N, outputs)``.
    """

    def __init__(
        self,
        dim: int,
        outputs: int = 1,
        kernel: OddKernel = 3,
        dropout: Probability = 0.5,
        style_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            ChannelsLastConv1d(dim, dim, kernel, padding=kernel // 2) for _ in range(2)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.films = nn.ModuleList(
            FiLM(style_dim, dim) if style_dim else nn.Identity() for _ in range(2)
        )
        self.dropout = Dropout(dropout)
        self.project = nn.Linear(dim, outputs)

    def forward(self, x: Tensor, mask: Tensor, style: Tensor | None) -> Tensor:
        real = mask[..., None].to(x.dtype)
        for convolution, norm, film in zip(self.convolutions, self.norms, self.films, strict=True):
            x = convolution(x * real)
            x = norm(F.relu(x))
            x = self.dropout(film(x, style) if style is not None else x)
        return self.project(x) * real


class VarianceAdaptor(nn.Module):
    """Predicts duration, pitch and energy per token and adds pitch and energy to the states.

    ``flow(channels=, dim=, style_dim=)`` makes a :class:`ResidualFlow` that samples, for all three
    together, how a recording differs from the predictions; without it the predictions themselves
    are used, and a temperature varies the durations alone.

    ``gradient``: share of the predictors' gradient that reaches the encoder. With a few hours of
    speech the encoder soon memorizes prosody; at 0 it learns from the mel alone.
    """

    def __init__(
        self,
        dim: int,
        facts: CorpusFacts,
        predictor: Callable[..., Predictor],
        style_dim: int | None = None,
        embedding_kernel: OddKernel = 3,
        flow: Callable[..., ResidualFlow] | None = None,
        gradient: Share = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= gradient <= 1:
            raise UserError(f"model.adaptor.gradient={gradient} must lie in [0, 1]")
        self.gradient = gradient
        self.frames_per_second = facts.contract.frames_per_second
        self.normalize = SpeakerNormalizer(facts)
        self.duration = predictor(dim=dim, outputs=2, style_dim=style_dim)
        self.pitch = predictor(dim=dim, outputs=1, style_dim=style_dim)
        self.energy = predictor(dim=dim, outputs=1, style_dim=style_dim)
        padding = embedding_kernel // 2
        self.embed_pitch = ChannelsLastConv1d(1, dim, embedding_kernel, padding=padding)
        self.embed_energy = ChannelsLastConv1d(1, dim, embedding_kernel, padding=padding)
        channels = 3  # ln(frames), pitch, energy
        self.flow = flow(channels=channels, dim=dim, style_dim=style_dim) if flow else None
        # an untrained model predicts about eight frames per token
        nn.init.constant_(self.duration.project.bias[:1], 2.0)

    def forward(
        self, states: Tensor, mask: Tensor, style: Tensor | None, targets: ProsodyTargets
    ) -> tuple[Tensor, Prosody, FlowOutput | None]:
        """Add the recording's pitch and energy to the states, and predict its prosody.

        ``states (B, N, C)``, ``mask (B, N)`` -> adapted states ``(B, N, C)``, predictions, and the
        flow's output.
        """
        scaled = self._scale_gradient(states)
        mean, log_variance = self._predict_duration(scaled, mask, style)
        pitch = self.pitch(scaled, mask, style)[..., 0]
        states = states + _embed(self.embed_pitch, targets.pitch, mask)
        energy = self.energy(self._scale_gradient(states), mask, style)[..., 0]
        states = states + _embed(self.embed_energy, targets.energy, mask)
        prosody = Prosody(mean, log_variance, pitch, energy)
        if self.flow is None:
            return states, prosody, None
        residual = _residual(prosody, targets) * mask[..., None]
        return states, prosody, self.flow(residual, scaled, mask, style)

    def generate(
        self,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        deviations: Deviations,
        controls: SynthesisControls,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Durations, Prosody]:
        """Predict or sample prosody, change it by ``controls``, and add it to the states.

        Returns adapted states ``(B, N, C)``, durations ``(B, N)``, and the prosody used.
        """
        mean, log_variance = self._predict_duration(states, mask, style)
        residual = self._sample_residual(
            states, mask, style, mean, log_variance, controls.prosody_temperature, generator
        )
        sampled = Prosody(mean + residual[..., 0], log_variance, residual[..., 1], residual[..., 2])
        return self.adapt(states, mask, style, deviations, controls, sampled)

    def adapt(
        self,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        deviations: Deviations,
        controls: SynthesisControls,
        sampled: Prosody,
    ) -> tuple[Tensor, Durations, Prosody]:
        """Return what :meth:`generate` does; ``sampled``: ln(frames), and what to add to the
        predicted pitch and energy."""
        log_duration = sampled.log_duration.clamp(*LOG_DURATION)
        durations = speaking_durations(log_duration, mask, controls.rate, self.frames_per_second)
        pitch = self.pitch(states, mask, style)[..., 0]
        pitch = (pitch + sampled.pitch) * torch.as_tensor(controls.pitch_range)
        pitch = pitch + deviations.semitones(controls.pitch)
        states = states + _embed(self.embed_pitch, pitch, mask)
        energy = self.energy(states, mask, style)[..., 0]
        energy = energy + sampled.energy + deviations.decibels(controls.energy)
        states = states + _embed(self.embed_energy, energy, mask)
        prosody = Prosody(log_duration, sampled.log_duration_variance, pitch, energy)
        return states, durations, prosody

    def _sample_residual(
        self,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        mean: Tensor,
        log_variance: Tensor,
        temperature: float | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Return ``(B, N, 3)`` to add to the predicted ln(frames), pitch and energy.

        ``temperature`` scales the flow's noise (None: the flow's own setting) or, without a
        flow, the predicted standard deviation of the durations (None: 0, their median).
        """
        if self.flow is not None:
            sampling = SynthesisControls(temperature=temperature)
            return self.flow.sample(states, mask, style, sampling, generator)
        residual = states.new_zeros(*mask.shape, 3)
        if temperature:
            deviation = (0.5 * log_variance).exp()
            residual[..., 0] = temperature * deviation * noise_like(mean, mask, generator)
        return residual

    def _scale_gradient(self, states: Tensor) -> Tensor:
        """Return the states with their gradient scaled by ``gradient``."""
        if self.gradient == 1:
            return states
        return torch.lerp(states.detach(), states, self.gradient)

    def _predict_duration(
        self, states: Tensor, mask: Tensor, style: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of ln(frames), ``(B, N)`` each, fp32."""
        mean, log_variance = self.duration(states, mask, style).float().unbind(-1)
        mean = returning_clamp(mean, *LOG_DURATION)
        return mean, returning_clamp(log_variance, -6.0, 3.0)


def _residual(prosody: Prosody, targets: ProsodyTargets) -> Tensor:
    """Return ``(B, N, 3)``: the recording's ln(frames), pitch and energy minus the predicted."""
    log_duration = targets.durations.clamp(min=1).float().log() - prosody.log_duration
    pitch, energy = targets.pitch - prosody.pitch, targets.energy - prosody.energy
    return torch.stack((log_duration, pitch, energy), -1).detach()


def _embed(embedding: nn.Conv1d, values: Tensor, mask: Tensor) -> Tensor:
    """``values (B, N)`` -> ``(B, N, C)``, zero where padded."""
    values = values.to(embedding.weight.dtype)
    real = mask.to(values.dtype)
    return embedding((values * real)[..., None]) * real[..., None]


def _speaker_or_first(speaker: Tensor | None, tokens: Tensor) -> Tensor:
    return tokens.new_zeros(len(tokens)) if speaker is None else speaker

"""The variance adaptor: what to say becomes how long, how high and how loud to say it.

FastSpeech 2 (Ren et al. 2021, section 2.3) with FastPitch's choice (Łańcucki 2021, section 2.2) of
one pitch and one energy value per token instead of one per frame: a token is what a person wants
to raise, stretch or stress, and averages over a token are easier to predict than frames.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.regulator import average_by_duration
from tts.batch import Batch, Sampling
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.models.flow import FlowOutput, ResidualFlow, noise_like
from tts.modules.conv import ChannelsLastConv1d
from tts.modules.dropout import Dropout
from tts.modules.film import FiLM

# bounds far outside speech keep one odd step from exploding the likelihood or the length
LOG_DURATION = (-2.0, 7.0)


class Prosody(NamedTuple):
    """Token-level prosody. Pitch and energy are z-scores under the speaker's own statistics."""

    log_duration: Tensor  # (B, N) mean of ln(frames)
    log_duration_variance: Tensor  # (B, N) log of the variance of ln(frames): the doubt
    pitch: Tensor  # (B, N) z-score of ln F0, 0 where unvoiced
    energy: Tensor  # (B, N) z-score of log energy


class Targets(NamedTuple):
    """What the recording did, per token; the same units as :class:`Prosody`."""

    durations: Tensor  # (B, N) int64 frames
    pitch: Tensor  # (B, N)
    energy: Tensor  # (B, N)


class SpeakerNormalizer(nn.Module):
    """Hz and log energy to z-scores under each speaker's statistics, and steps back.

    The statistics travel as buffers, so a checkpoint speaks without the corpus it learned from.
    """

    def __init__(self, facts: CorpusFacts) -> None:
        super().__init__()
        stats = facts.statistics
        for name in ("pitch_mean", "pitch_std", "energy_mean", "energy_std"):
            values = torch.tensor([getattr(s, name) for s in stats], dtype=torch.float32)
            self.register_buffer(name, values.clamp(min=1e-3) if name.endswith("std") else values)
        self.pitch_mean: Tensor
        self.pitch_std: Tensor
        self.energy_mean: Tensor
        self.energy_std: Tensor

    def forward(self, batch: Batch, durations: Tensor) -> tuple[Tensor, Tensor]:
        """Frame tracks -> two ``(B, N)`` tensors of token z-scores, pitch then energy.

        Pitch is averaged over a token's voiced frames alone; a token without any gets 0, the
        speaker's mean, so that silence and voiceless consonants pull the curve nowhere.
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

    def semitones(self, semitones: float | Tensor, speaker: Tensor) -> Tensor:
        """A shift in semitones as a shift of the pitch z-score, ``(B, 1)`` or ``(B, N)``."""
        return torch.as_tensor(semitones) * (math.log(2) / 12) / self.pitch_std[speaker, None]

    def decibels(self, decibels: float | Tensor, speaker: Tensor) -> Tensor:
        """A shift in decibels as a shift of the energy z-score, ``(B, 1)`` or ``(B, N)``."""
        return torch.as_tensor(decibels) * (math.log(10) / 20) / self.energy_std[speaker, None]


class Predictor(nn.Module):
    """Two convolutions, each layer-normalized and FiLM-modulated, then one linear.

    FastSpeech 2, figure 1c, with the style added. ``(B, N, dim) -> (B, N, outputs)``.
    """

    def __init__(
        self,
        dim: int,
        outputs: int = 1,
        kernel: int = 3,
        dropout: float = 0.5,
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
    """Predicts duration, pitch and energy per token and writes pitch and energy into the states.

    With ``flow``, called with ``channels, dim, style_dim``, what a recording does beyond the
    predictions is drawn, all three together, so that a sentence is not said in the mean of all its
    intonations; without, the predictions are said, and a temperature stirs the durations alone.

    ``gradient``: share of the predictors' gradient that goes on into the states. A few hours of
    speech are soon learned by heart through the encoder, prosody first: at 0 the encoder serves the
    mel alone, and the predictors make do with what it offers.
    """

    def __init__(
        self,
        dim: int,
        facts: CorpusFacts,
        predictor: Callable[..., Predictor],
        style_dim: int | None = None,
        embedding_kernel: int = 3,
        flow: Callable[..., ResidualFlow] | None = None,
        gradient: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= gradient <= 1:
            raise UserError(f"model.adaptor.gradient={gradient} must lie in [0, 1]")
        self.gradient = gradient
        self.normalize = SpeakerNormalizer(facts)
        self.duration = predictor(dim=dim, outputs=2, style_dim=style_dim)
        self.pitch = predictor(dim=dim, outputs=1, style_dim=style_dim)
        self.energy = predictor(dim=dim, outputs=1, style_dim=style_dim)
        padding = embedding_kernel // 2
        self.embed_pitch = ChannelsLastConv1d(1, dim, embedding_kernel, padding=padding)
        self.embed_energy = ChannelsLastConv1d(1, dim, embedding_kernel, padding=padding)
        channels = 3  # ln(frames), pitch, energy
        self.flow = flow(channels=channels, dim=dim, style_dim=style_dim) if flow else None
        # a token lasts about eight frames before anything is known
        nn.init.constant_(self.duration.project.bias[:1], 2.0)

    def forward(
        self, states: Tensor, mask: Tensor, style: Tensor | None, targets: Targets
    ) -> tuple[Tensor, Prosody, FlowOutput | None]:
        """Learn from a recording: the states carry its true pitch and energy.

        ``states (B, N, C)``, ``mask (B, N)`` -> adapted states ``(B, N, C)``, predictions, and what
        the flow has to match.
        """
        seen = self._seen(states)
        mean, variance = self._predict_duration(seen, mask, style)
        pitch = self.pitch(seen, mask, style)[..., 0]
        states = states + self._embed(self.embed_pitch, targets.pitch, mask)
        energy = self.energy(self._seen(states), mask, style)[..., 0]
        states = states + self._embed(self.embed_energy, targets.energy, mask)
        matched = None
        if self.flow is not None:
            log_duration = targets.durations.clamp(min=1).float().log()
            beyond = (log_duration - mean, targets.pitch - pitch, targets.energy - energy)
            residual = torch.stack(beyond, -1).detach() * mask[..., None]
            matched = self.flow(residual, seen, mask, style)
        return states, Prosody(mean, variance, pitch, energy), matched

    def generate(
        self,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        speaker: Tensor,
        rate: float | Tensor = 1.0,
        pitch: float | Tensor = 0.0,
        energy: float | Tensor = 0.0,
        pitch_range: float | Tensor = 1.0,
        temperature: float | None = None,
    ) -> tuple[Tensor, Tensor, Prosody]:
        """Speak: adapted states ``(B, N, C)``, durations ``(B, N)`` in frames, the prosody used.

        ``rate``, ``pitch`` (semitones), ``energy`` (decibels) and ``pitch_range`` (0 is a monotone,
        2 twice the movement) are numbers or ``(B, N)``; ``temperature`` scales the noise that the
        flow draws from (None: as the flow was made) or, without a flow, the duration's own standard
        deviation (None: 0, its median).
        """
        mean, variance = self._predict_duration(states, mask, style)
        if self.flow is not None:
            asked = Sampling(temperature=temperature)
            beyond = self.flow.sample(states, mask, style, asked)
        else:
            beyond = states.new_zeros(*mask.shape, 3)
            if temperature:
                doubt = temperature * (0.5 * variance).exp()
                beyond[..., 0] = doubt * noise_like(mean, mask)
        log_duration = (mean + beyond[..., 0]).clamp(*LOG_DURATION)
        durations = round_keeping_sum(log_duration.exp() / torch.as_tensor(rate), mask)
        token_pitch = self.pitch(states, mask, style)[..., 0]
        token_pitch = (token_pitch + beyond[..., 1]) * torch.as_tensor(pitch_range)
        token_pitch = token_pitch + self.normalize.semitones(pitch, speaker)
        states = states + self._embed(self.embed_pitch, token_pitch, mask)
        token_energy = self.energy(states, mask, style)[..., 0]
        token_energy = token_energy + beyond[..., 2] + self.normalize.decibels(energy, speaker)
        states = states + self._embed(self.embed_energy, token_energy, mask)
        return states, durations, Prosody(log_duration, variance, token_pitch, token_energy)

    def _seen(self, states: Tensor) -> Tensor:
        """The states with their gradient scaled."""
        if self.gradient == 1:
            return states
        return torch.lerp(states.detach(), states, self.gradient)

    def _predict_duration(
        self, states: Tensor, mask: Tensor, style: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        mean, variance = self.duration(states, mask, style).float().unbind(-1)
        return mean.clamp(*LOG_DURATION), variance.clamp(-6.0, 3.0)

    @staticmethod
    def _embed(embedding: nn.Conv1d, values: Tensor, mask: Tensor) -> Tensor:
        values = values.to(embedding.weight.dtype)
        real = mask.to(values.dtype)
        return embedding((values * real)[..., None]) * real[..., None]


def round_keeping_sum(frames: Tensor, mask: Tensor) -> Tensor:
    """Real-valued durations ``(B, N)`` -> int64, at least 1 each, whose running sums stay true.

    Rounding each token by itself would let half a frame per token add up to a slow or hurried
    sentence; rounding the running end times keeps every boundary within half a frame, as long as
    no token is shorter than one.
    """
    ends = torch.cumsum(frames.clamp(min=1.0).double() * mask, -1).round()
    return torch.diff(F.pad(ends, (1, 0)), dim=-1).long().clamp(min=1) * mask


def _speaker_or_first(speaker: Tensor | None, tokens: Tensor) -> Tensor:
    return tokens.new_zeros(len(tokens)) if speaker is None else speaker

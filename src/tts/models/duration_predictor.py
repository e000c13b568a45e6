"""Duration predictor: a Gaussian of ln(frames) per token, whose variance tells how sure it is.

The predictor of FastSpeech 2 (Ren et al. 2021, section 2.3), FiLM-modulated by the style, with a
mean and a log-variance (Nix & Weigend 1994).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.bounds import Share
from tts.controls import SynthesisControls
from tts.models.durations import LOG_DURATION, Durations, speaking_durations
from tts.models.flow import noise_like
from tts.models.variance import Predictor
from tts.modules.clamp import returning_clamp

LOG_VARIANCE = (-6.0, 3.0)


class PredictedDurations(NamedTuple):
    """A Gaussian of ln(frames) for each token."""

    log_duration: Tensor  # (B, N) mean
    log_duration_variance: Tensor  # (B, N) natural logarithm of the variance


class DurationTargets(NamedTuple):
    """The durations of a recording's tokens."""

    durations: Tensor  # (B, N) int64 frames


class DurationPredictor(nn.Module):
    """``(B, N, dim)`` -> :class:`PredictedDurations`.

    ``predictor(dim=, outputs=, style_dim=)`` makes the network. ``variance``: predict a variance
    too; without it the variance is 1, the loss is half the squared error, and
    ``prosody_temperature`` has no meaning. ``gradient``: share of the gradient that reaches the
    encoder. ``frames_per_second``: of the mel.
    """

    def __init__(
        self,
        dim: int,
        frames_per_second: float,
        predictor: Callable[..., Predictor],
        style_dim: int | None = None,
        variance: bool = True,
        gradient: Share = 0.0,
    ) -> None:
        super().__init__()
        self.frames_per_second, self.gradient, self.variance = frames_per_second, gradient, variance
        self.predictor = predictor(dim=dim, outputs=1 + variance, style_dim=style_dim)
        # an untrained model predicts about eight frames per token
        nn.init.constant_(self.predictor.project.bias[:1], 2.0)

    def forward(self, states: Tensor, mask: Tensor, style: Tensor | None) -> PredictedDurations:
        """``states (B, N, dim)``, ``mask (B, N)``, ``style (B, D)``; returns fp32."""
        scaled = torch.lerp(states.detach(), states, self.gradient)
        outputs = self.predictor(scaled, mask, style).float()
        mean = returning_clamp(outputs[..., 0], *LOG_DURATION)
        if not self.variance:
            return PredictedDurations(mean, torch.zeros_like(mean))
        return PredictedDurations(mean, returning_clamp(outputs[..., 1], *LOG_VARIANCE))

    def generate(
        self,
        predicted: PredictedDurations,
        mask: Tensor,
        controls: SynthesisControls,
        generator: torch.Generator | None = None,
    ) -> Durations:
        """Return durations: the medians, or samples with ``controls.prosody_temperature``."""
        log_duration = predicted.log_duration
        if controls.prosody_temperature:
            deviation = (0.5 * predicted.log_duration_variance).exp()
            noise = noise_like(log_duration, mask, generator)
            log_duration = log_duration + controls.prosody_temperature * deviation * noise
        log_duration = log_duration.clamp(*LOG_DURATION)
        return speaking_durations(log_duration, mask, controls.rate, self.frames_per_second)

"""Losses of the variance adaptor: duration, pitch and energy per token."""

from typing import Protocol

from torch import Tensor

from tts.losses.term import LossTerm
from tts.masks import masked_mean


class PredictedProsody(Protocol):
    log_duration: Tensor  # (B, N) mean of ln(frames)
    log_duration_variance: Tensor  # (B, N) natural logarithm of its variance
    pitch: Tensor  # (B, N) z-score
    energy: Tensor  # (B, N) z-score


class ProsodyTargets(Protocol):
    durations: Tensor  # (B, N) int64 frames
    pitch: Tensor  # (B, N) z-score
    energy: Tensor  # (B, N) z-score


class ProsodyOutput(Protocol):
    """What these terms read of a model's output."""

    prosody: PredictedProsody
    targets: ProsodyTargets
    token_mask: Tensor  # (B, N) bool


class DurationLoss(LossTerm):
    """Gaussian negative log-likelihood of ln(frames), up to a constant; nats per real token.

    Nix & Weigend 1994: the model predicts mean and variance, so that a token of unpredictable
    length (a pause) gets a wide variance instead of pulling its neighbors' mean.
    """

    exclude_from_balancing = True  # a likelihood, in nats

    def forward(self, output: ProsodyOutput, batch: object) -> Tensor:
        target = output.targets.durations.clamp(min=1).float().log()
        mean, log_variance = output.prosody.log_duration, output.prosody.log_duration_variance
        nll = 0.5 * (log_variance + (target - mean) ** 2 * (-log_variance).exp())
        return masked_mean(nll, output.token_mask)


class PitchLoss(LossTerm):
    """Mean squared error of the token pitch z-score."""

    def forward(self, output: ProsodyOutput, batch: object) -> Tensor:
        error = (output.prosody.pitch.float() - output.targets.pitch.float()) ** 2
        return masked_mean(error, output.token_mask)


class EnergyLoss(LossTerm):
    """Mean squared error of the token energy z-score."""

    def forward(self, output: ProsodyOutput, batch: object) -> Tensor:
        error = (output.prosody.energy.float() - output.targets.energy.float()) ** 2
        return masked_mean(error, output.token_mask)

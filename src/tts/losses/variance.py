"""What the variance adaptor's predictions cost, per real token."""

from typing import Any

from torch import Tensor, nn

from tts.masks import masked_mean


class DurationLoss(nn.Module):
    """Gaussian negative log-likelihood of ln(frames) under the predicted mean and variance, nats.

    A token whose length the context does not settle (a pause, an unstressed vowel) may say so by
    a wide variance instead of pulling the mean of its neighbors (Nix and Weigend 1994).
    """

    exclude_from_balancing = True

    def forward(self, output: Any, batch: Any) -> Tensor:
        target = output.targets.durations.clamp(min=1).float().log()
        mean, log_variance = output.prosody.log_duration, output.prosody.log_duration_variance
        nll = 0.5 * (log_variance + (target - mean) ** 2 * (-log_variance).exp())
        return masked_mean(nll, output.token_mask)


class PitchLoss(nn.Module):
    """Mean squared error of the token pitch z-score."""

    def forward(self, output: Any, batch: Any) -> Tensor:
        error = (output.prosody.pitch.float() - output.targets.pitch) ** 2
        return masked_mean(error, output.token_mask)


class EnergyLoss(nn.Module):
    """Mean squared error of the token energy z-score."""

    def forward(self, output: Any, batch: Any) -> Tensor:
        error = (output.prosody.energy.float() - output.targets.energy) ** 2
        return masked_mean(error, output.token_mask)

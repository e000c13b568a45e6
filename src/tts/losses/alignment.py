"""Losses of the learned aligner: forward-sum and binarization (Badlani et al. 2022)."""

from typing import Protocol

from torch import Tensor

from tts.alignment.forward_sum import forward_sum
from tts.alignment.regulator import frame_to_token_index
from tts.batch import Batch
from tts.losses.term import LossTerm
from tts.masks import mask_from_lengths, masked_mean


class AlignmentTargets(Protocol):
    durations: Tensor  # (B, N) int64 frames, of the most likely path


class AlignmentOutput(Protocol):
    """What these terms read of a model's output."""

    log_attention: Tensor | None  # (B, T, N) normalized over tokens; None with given durations
    targets: AlignmentTargets


def forward_sum_loss(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """Negative log-likelihood of all monotonic paths, nats per frame; a scalar.

    ``log_attention (B, T, N)`` is normalized over tokens. Badlani et al. 2022 divide by the number
    of tokens; here it is per frame, so that every frame of the corpus has the same weight.
    """
    log_likelihood = forward_sum(log_attention, token_lengths, frame_lengths)
    return -log_likelihood.sum() / frame_lengths.sum()


def binarization_loss(log_attention: Tensor, durations: Tensor, frame_lengths: Tensor) -> Tensor:
    """Negative log-probability of the hard path under the soft alignment, nats per frame; a scalar.

    ``log_attention (B, T, N)``, ``durations (B, N)`` in frames. It is the KL divergence of the hard
    alignment from the soft one, to which only the cells on the path contribute.
    """
    frames = log_attention.shape[1]
    index = frame_to_token_index(durations, frames)  # (B, T)
    on_path = log_attention.gather(2, index[..., None])[..., 0]
    return -masked_mean(on_path, mask_from_lengths(frame_lengths, frames))


class ForwardSumLoss(LossTerm):
    """:func:`forward_sum_loss` of a model's output; does not apply to given durations."""

    exclude_from_balancing = True  # a likelihood, in nats

    def forward(self, output: AlignmentOutput, batch: Batch) -> Tensor | None:
        if output.log_attention is None:
            return None
        return forward_sum_loss(output.log_attention, batch.token_lengths, batch.frame_lengths)


class BinarizationLoss(LossTerm):
    """:func:`binarization_loss` of a model's output; does not apply to given durations."""

    exclude_from_balancing = True  # a likelihood, in nats

    def forward(self, output: AlignmentOutput, batch: Batch) -> Tensor | None:
        if output.log_attention is None:
            return None
        return binarization_loss(
            output.log_attention, output.targets.durations, batch.frame_lengths
        )

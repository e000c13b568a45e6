"""What the aligner learns from: first any monotonic path, then one."""

from typing import Any

from torch import Tensor, nn

from tts.alignment.forward_sum import forward_sum
from tts.alignment.regulator import frame_to_token_index
from tts.masks import mask_from_lengths, masked_mean


def forward_sum_loss(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """Negative log-likelihood of all monotonic paths, nats per frame; a scalar.

    ``log_attention (B, T, N)`` is normalized over tokens. Badlani et al. 2022 take it per token;
    here it is per frame, so that every frame of the corpus weighs the same.
    """
    log_likelihood = forward_sum(log_attention, token_lengths, frame_lengths)
    return -log_likelihood.sum() / frame_lengths.sum()


def binarization_loss(log_attention: Tensor, durations: Tensor, frame_lengths: Tensor) -> Tensor:
    """Mean surprise, in nats per frame, of the hard path under the soft alignment; a scalar.

    ``log_attention (B, T, N)``, ``durations (B, N)`` in frames. Badlani et al. 2022: the
    divergence of the two alignments, to which only the cells on the path contribute.
    """
    frames = log_attention.shape[1]
    index = frame_to_token_index(durations, frames)  # (B, T)
    on_path = log_attention.gather(2, index[..., None])[..., 0]
    return -masked_mean(on_path, mask_from_lengths(frame_lengths, frames))


class ForwardSumLoss(nn.Module):
    """:func:`forward_sum_loss` of a model's output; does not apply where durations were given."""

    exclude_from_balancing = True  # nats

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        if output.log_attention is None:
            return None
        return forward_sum_loss(output.log_attention, batch.token_lengths, batch.frame_lengths)


class BinarizationLoss(nn.Module):
    """:func:`binarization_loss` of a model's output; does not apply where durations were given."""

    exclude_from_balancing = True  # nats

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        if output.log_attention is None:
            return None
        return binarization_loss(
            output.log_attention, output.targets.durations, batch.frame_lengths
        )

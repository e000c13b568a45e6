"""Losses of the autoregressive family: likelihood of mel or tokens, stop, cross-attention."""

import math
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.alignment.forward_sum import forward_sum
from tts.alignment.guided import guided_weights
from tts.alignment.prior import beta_binomial_prior
from tts.batch import Batch
from tts.bounds import NonNegative, Positive
from tts.codebooks import codebook_shares
from tts.losses.term import LossTerm
from tts.masks import mask_from_lengths, masked_mean


class DensityOutput(Protocol):
    mean: Tensor  # (B, T, M) natural-log magnitude
    log_variance: Tensor  # (B, T, M)
    frame_mask: Tensor  # (B, T) bool


class TokenOutput(Protocol):
    logits: Tensor  # (B, S, r, K, V)
    tokens: Tensor  # (B, S, r, K) int64; V where there is none


class StopOutput(Protocol):
    stop: Tensor  # (B, S) logits, one per decoder step
    step_mask: Tensor  # (B, S) bool


class ReadingTargets(Protocol):
    weights: Tensor  # (B, S, N) share of a step's frames in each token


class CrossAttentionOutput(Protocol):
    head_alignments: Tensor  # (B, A, S, N) log-weights of the heads that carry the alignment
    frame_mask: Tensor  # (B, T) bool
    step_mask: Tensor  # (B, S) bool
    frames_per_step: int
    targets: ReadingTargets | None  # of model.attention_forcing


class GaussianLikelihood(LossTerm):
    """Negative log-likelihood of the mel under a Gaussian per frame and band, nats per value.

    It trains the log-variance, from which a temperature samples, and the mean with it.
    """

    exclude_from_balancing = True  # a likelihood, in nats

    def forward(self, output: DensityOutput, batch: Batch) -> Tensor:
        assert batch.mel is not None
        error = (batch.mel.float() - output.mean.float()).square()
        log_variance = output.log_variance.float()
        values = error * torch.exp(-log_variance) + log_variance + math.log(2 * math.pi)
        return 0.5 * masked_mean(values, output.frame_mask)


class TokenLoss(LossTerm):
    """Cross-entropy of codec tokens, nats per token; padding and delays do not count.

    ``coarse``: codebook k has a weight of (k + 1) ** -coarse in the mean; 0: all alike.
    """

    exclude_from_balancing = True  # a likelihood, in nats

    def __init__(self, coarse: NonNegative) -> None:
        super().__init__()
        self.coarse = coarse

    def forward(self, output: TokenOutput, batch: Batch) -> Tensor:
        codebooks, entries = output.logits.shape[-2:]
        values = F.cross_entropy(
            output.logits.flatten(0, -2).float(),
            output.tokens.flatten(),
            ignore_index=entries,
            reduction="none",
        ).unflatten(0, output.tokens.shape)
        weights = codebook_shares(codebooks, self.coarse, values.device)
        weights = weights * (output.tokens < entries)
        return (values * weights).sum() / weights.sum().clamp(min=1e-8)


class StopLoss(LossTerm):
    """Cross-entropy of "this step is the last", the positive one weighted ``positive`` times."""

    def __init__(self, positive: Positive) -> None:
        super().__init__()
        self.positive = positive

    def forward(self, output: StopOutput, batch: Batch) -> Tensor:
        last = output.step_mask.sum(-1, keepdim=True) - 1
        step = torch.arange(output.stop.shape[1], device=last.device)
        target = (step == last).float()
        weight = output.stop.new_full((), self.positive)
        values = F.binary_cross_entropy_with_logits(
            output.stop.float(), target, pos_weight=weight.float(), reduction="none"
        )
        return masked_mean(values, output.step_mask)


class AttentionLoss(LossTerm):
    """Cross-entropy of the chosen heads' weights to the aligned path, nats per decoder step.

    Does not apply without ``model.attention_forcing``.
    """

    exclude_from_balancing = True  # a likelihood, in nats

    def forward(self, output: CrossAttentionOutput, batch: Batch) -> Tensor | None:
        if output.targets is None:
            return None
        on_path = (output.targets.weights[:, None] * output.head_alignments.float()).sum(-1)
        return -masked_mean(on_path.mean(1), output.step_mask)


class GuidedAttentionLoss(LossTerm):
    """Guided attention (Tachibana et al. 2018, section 4.1), the mean over the chosen heads.

    ``width``: of the diagonal that is free of cost, as a share of the utterance. Does not apply
    with ``model.attention_forcing``.
    """

    def __init__(self, width: Positive) -> None:
        super().__init__()
        self.width = width

    def forward(self, output: CrossAttentionOutput, batch: Batch) -> Tensor | None:
        if output.targets is not None:
            return None
        weights = guided_weights(
            batch.token_lengths,
            output.step_mask.sum(-1),
            output.head_alignments.shape[3],
            output.head_alignments.shape[2],
            self.width,
        )  # (B, S, N)
        attention = output.head_alignments.exp().mean(1)
        return (attention * weights).sum() / output.step_mask.sum()


class CrossAttentionForwardSum(LossTerm):
    """Forward-sum of the chosen heads, with a beta-binomial prior of the paths, nats per frame.

    The recipe of Badlani et al. 2022 on the cross-attention of an autoregressive decoder, as in
    T5-TTS (Neekhara et al. 2024, section 2.2), with one difference: the prior weighs the paths and
    is not part of the attention. With it in the softmax, attention that is still uniform costs
    little and gets almost no gradient. A step's weights stand for each of its frames, so that a
    text may have more tokens than steps. ``width``: concentration of the prior, see
    :func:`~tts.alignment.prior.beta_binomial_prior`. Does not apply with
    ``model.attention_forcing``.
    """

    exclude_from_balancing = True  # a likelihood, in nats

    def __init__(self, width: Positive) -> None:
        super().__init__()
        self.width = width

    def forward(self, output: CrossAttentionOutput, batch: Batch) -> Tensor | None:
        if output.targets is not None:
            return None
        heads, tokens = output.head_alignments.shape[1], output.head_alignments.shape[3]
        frames, lengths = output.frame_mask.shape[1], output.frame_mask.sum(-1)
        prior = beta_binomial_prior(batch.token_lengths, lengths, tokens, frames, self.width)
        real = mask_from_lengths(batch.token_lengths, tokens)[:, None, None]
        scores = output.head_alignments.repeat_interleave(output.frames_per_step, 2)[:, :, :frames]
        scores = (scores + prior[:, None]).masked_fill(~real, -1e4)
        token_lengths = batch.token_lengths.repeat_interleave(heads)
        frame_lengths = lengths.repeat_interleave(heads)
        log_likelihood = forward_sum(scores.flatten(0, 1), token_lengths, frame_lengths)
        return -log_likelihood.sum() / frame_lengths.sum()

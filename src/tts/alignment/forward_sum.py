"""Forward-sum: log-likelihood of an alignment, summed over all monotonic paths.

Badlani et al. 2022, "One TTS alignment to rule them all". They use the CTC loss, whose
blank lets a frame belong to no token. Here every frame belongs to a token, as in monotonic
alignment search: the forward algorithm of a left-to-right hidden Markov model (Rabiner 1989).
"""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from tts.alignment.lengths import checked_lengths


def forward_sum(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """Log-probabilities ``(B, T, N)`` and lengths ``(B,)`` -> log of the sum over paths ``(B,)``.

    Raises :class:`~tts.alignment.lengths.ImpossibleAlignmentError` if an utterance has fewer frames
    than tokens.
    """
    # on the CPU, where both algorithms read them
    token_lengths, frame_lengths = checked_lengths(token_lengths, frame_lengths)
    return _ForwardSum.apply(log_attention, token_lengths, frame_lengths)


class _ForwardSum(torch.autograd.Function):
    """Its gradient is the posterior of each (frame, token), which forward-backward computes too."""

    @staticmethod
    def forward(
        ctx: Any, log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
    ) -> Tensor:
        on_cpu = log_attention.device.type == "cpu"
        compute = forward_sum_numba if on_cpu else forward_sum_ctc
        log_sum, posterior = compute(log_attention.detach(), token_lengths, frame_lengths)
        ctx.save_for_backward(posterior)
        ctx.dtype = log_attention.dtype
        return log_sum.to(log_attention.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (posterior,) = ctx.saved_tensors
        return (posterior * gradient[:, None, None]).to(ctx.dtype), None, None


def forward_sum_numba(
    log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Return log-sums ``(B,)`` and posteriors ``(B, T, N)``, computed on the CPU."""
    # numba takes seconds to import, and synthesis does not need it
    from tts.alignment.numba_kernels import forward_backward, forward_backward_log

    log_attention = _at_least_float32(log_attention).contiguous()
    posterior = torch.zeros_like(log_attention)
    buffer = np.empty((2, log_attention.shape[1], log_attention.shape[2] + 1))
    sums = []
    lengths = zip(token_lengths.tolist(), frame_lengths.tolist(), strict=True)
    for row, (tokens, frames) in enumerate(lengths):
        arguments = (log_attention[row].numpy(), tokens, frames, posterior[row].numpy())
        log_sum = forward_backward(*arguments, buffer)
        if math.isnan(log_sum):  # beyond the range of float64
            log_sum = forward_backward_log(*arguments)
        sums.append(log_sum)
    return torch.tensor(sums, dtype=torch.float64), posterior


def forward_sum_ctc(
    log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """The same by torch's CTC on any device, with a blank of probability 0 (almost).

    Lengths on the CPU keep it from waiting for the device.
    """
    size, frames, tokens = log_attention.shape
    log_probs = (
        F.pad(_at_least_float32(log_attention), (1, 0), value=-1e4).transpose(0, 1).contiguous()
    )
    targets = torch.arange(1, tokens + 1, device=log_probs.device).expand(size, tokens)
    with torch.enable_grad():
        log_probs.requires_grad_()
        nll = F.ctc_loss(log_probs, targets, frame_lengths, token_lengths, reduction="none")
        (gradient,) = torch.autograd.grad(nll.sum(), log_probs)
    # torch returns the gradient by the logits before a softmax: exp(log_probs) - posterior
    real = torch.arange(frames)[:, None] < frame_lengths.cpu()
    posterior = (log_probs.detach().exp() - gradient) * real.to(log_probs.device)[..., None]
    return -nll.detach(), posterior.transpose(0, 1)[:, :, 1:]


def _at_least_float32(x: Tensor) -> Tensor:
    return x if x.dtype in (torch.float32, torch.float64) else x.float()

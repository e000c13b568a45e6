"""The forward-sum: how probable the frames' tokens are, summed over all monotonic paths.

Badlani et al. 2022 ("One TTS alignment to rule them all") borrow the CTC loss, whose
blank lets a frame belong to no token. Here every frame belongs to a token, as in the search that
follows, so there is no blank: a left-to-right hidden Markov model with half the states of CTC.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from tts.alignment.lengths import require_room


def path_log_likelihood(
    log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
) -> Tensor:
    """``(B, T, N)`` log-probabilities and lengths ``(B,)`` -> ``(B,)`` log of the sum over paths.

    Raises :class:`~tts.alignment.lengths.ImpossibleAlignmentError` where frames are fewer than
    tokens.
    """
    require_room(token_lengths, frame_lengths)
    return _PathSum.apply(log_attention, token_lengths, frame_lengths)


class _PathSum(torch.autograd.Function):
    """The gradient is the posterior of each cell, which forward-backward gives beside the sum."""

    @staticmethod
    def forward(
        ctx: Any, log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
    ) -> Tensor:
        on_cpu = log_attention.device.type == "cpu"
        path_sum = path_sum_compiled if on_cpu else path_sum_by_ctc
        log_sum, occupancy = path_sum(log_attention.detach(), token_lengths, frame_lengths)
        ctx.save_for_backward(occupancy)
        ctx.dtype = log_attention.dtype
        return log_sum.to(log_attention.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (occupancy,) = ctx.saved_tensors
        return (occupancy * gradient[:, None, None]).to(ctx.dtype), None, None


def path_sum_compiled(
    log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """``(B,)`` sums and ``(B, T, N)`` occupancies, by the kernels for the CPU."""
    # imported here, because numba takes seconds to load and speaking never learns
    from tts.alignment.numba_kernels import path_sum, path_sum_in_logs

    log_attention = _at_least_float32(log_attention).contiguous()
    occupancy = torch.zeros_like(log_attention)
    work = np.empty((2, log_attention.shape[1], log_attention.shape[2] + 1))
    sums = []
    lengths = zip(token_lengths.tolist(), frame_lengths.tolist(), strict=True)
    for row, (tokens, frames) in enumerate(lengths):
        cells = (log_attention[row].numpy(), tokens, frames, occupancy[row].numpy())
        log_sum = path_sum(*cells, work)
        if log_sum != log_sum:  # NaN: out of range
            log_sum = path_sum_in_logs(*cells)
        sums.append(log_sum)
    return torch.tensor(sums, dtype=torch.float64), occupancy


def path_sum_by_ctc(
    log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """The same through torch's CTC, on any device: with a hopeless blank it sums the same paths."""
    size, frames, tokens = log_attention.shape
    log_probs = (
        F.pad(_at_least_float32(log_attention), (1, 0), value=-1e4).transpose(0, 1).contiguous()
    )
    targets = torch.arange(1, tokens + 1, device=log_probs.device).expand(size, tokens)
    with torch.enable_grad():
        log_probs.requires_grad_()
        nll = F.ctc_loss(log_probs, targets, frame_lengths, token_lengths, reduction="none")
        (gradient,) = torch.autograd.grad(nll.sum(), log_probs)
    # torch's gradient is that of the logits before a softmax: exp(log_probs) - occupancy
    real = torch.arange(frames, device=log_probs.device)[:, None] < frame_lengths
    occupancy = (log_probs.detach().exp() - gradient) * real[..., None]
    return -nll.detach(), occupancy.transpose(0, 1)[:, :, 1:]


def _at_least_float32(x: Tensor) -> Tensor:
    return x if x.dtype in (torch.float32, torch.float64) else x.float()

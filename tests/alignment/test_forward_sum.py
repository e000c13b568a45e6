"""Laws of the forward-sum: it is the sum over all paths, its gradient the posterior."""

import os

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.alignment.test_monotonic import all_durations, path_score
from tts.alignment.forward_sum import (
    forward_sum,
    forward_sum_ctc,
    forward_sum_numba,
)
from tts.alignment.lengths import ImpossibleAlignmentError
from tts.alignment.monotonic import monotonic_alignment_search

Batch = tuple[Tensor, Tensor, Tensor]


def make_batch(spread: float = 3.0, dtype: torch.dtype = torch.float64) -> Batch:
    torch.manual_seed(1)
    token_lengths = torch.tensor([12, 7, 1, 12, 5])
    frame_lengths = torch.tensor([40, 40, 5, 12, 6])
    log_attention = torch.randn(5, 40, 12, dtype=dtype).mul(spread).log_softmax(-1)
    return log_attention, token_lengths, frame_lengths


@pytest.mark.parametrize(("tokens", "frames"), [(1, 1), (1, 4), (3, 3), (3, 7), (4, 9)])
def test_it_is_the_sum_over_every_path(tokens: int, frames: int) -> None:
    torch.manual_seed(frames)
    log_attention = torch.randn(1, frames, tokens).log_softmax(-1)
    paths = [path_score(log_attention[0], d) for d in all_durations(tokens, frames)]
    found = forward_sum(log_attention, torch.tensor([tokens]), torch.tensor([frames]))
    torch.testing.assert_close(found[0], torch.stack(paths).logsumexp(0))


def test_the_gradient_is_the_derivative() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    log_attention = log_attention[:, :12, :5].contiguous().requires_grad_()
    lengths = token_lengths.clamp(max=5), frame_lengths.clamp(max=12)
    assert torch.autograd.gradcheck(lambda x: forward_sum(x, *lengths), log_attention)


@pytest.mark.parametrize("spread", [0.1, 3.0, 30.0, 300.0, 3000.0])
def test_compiled_and_ctc_agree_at_every_range(spread: float) -> None:
    """From 300 on, probabilities underflow and the kernel in the log domain is used."""
    batch = make_batch(spread)
    sums, posterior = forward_sum_numba(*batch)
    ctc_sums, ctc_posterior = forward_sum_ctc(*batch)
    torch.testing.assert_close(sums, ctc_sums)
    torch.testing.assert_close(posterior, ctc_posterior, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("tokens", [2, 3, 4])
@pytest.mark.parametrize("score", range(-700, -100, 20))
def test_a_start_that_no_path_is_likely_to_take_gives_no_nan(tokens: int, score: float) -> None:
    """Tokens that the paths have not reached yet can then be beyond the range of float64."""
    log_attention = torch.full((1, 12, 8), -1.0)
    log_attention[:, :tokens, :tokens] = score
    batch = log_attention, torch.tensor([8]), torch.tensor([12])
    for ours, theirs in zip(forward_sum_numba(*batch), forward_sum_ctc(*batch), strict=True):
        torch.testing.assert_close(ours.double(), theirs.double(), rtol=1e-3, atol=1e-3)


def test_the_posterior_of_every_frame_sums_to_one() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    _, posterior = forward_sum_numba(log_attention, token_lengths, frame_lengths)
    real = torch.arange(40) < frame_lengths[:, None]
    torch.testing.assert_close(posterior.sum(-1), real.double())
    assert (posterior >= 0).all()


def test_padding_does_not_change_the_sum() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    together = forward_sum(log_attention, token_lengths, frame_lengths)
    with_nan = log_attention.clone()
    for row, (tokens, frames) in enumerate(zip(token_lengths, frame_lengths, strict=True)):
        with_nan[row, frames:] = torch.nan
        with_nan[row, :, tokens:] = torch.nan
    assert torch.equal(forward_sum(with_nan, token_lengths, frame_lengths), together)


def test_no_path_is_more_probable_than_all_paths() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    durations = monotonic_alignment_search(log_attention, token_lengths, frame_lengths)
    sums = forward_sum(log_attention, token_lengths, frame_lengths)
    for row, (tokens, frames) in enumerate(zip(token_lengths, frame_lengths, strict=True)):
        best = path_score(log_attention[row, :frames], durations[row, :tokens].tolist())
        assert best <= sums[row] + 1e-9


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision_keeps_its_dtype(dtype: torch.dtype) -> None:
    log_attention, token_lengths, frame_lengths = make_batch(dtype=dtype)
    log_attention.requires_grad_()
    sums = forward_sum(log_attention, token_lengths, frame_lengths)
    sums.sum().backward()
    assert log_attention.grad is not None
    assert sums.dtype == log_attention.grad.dtype == dtype


def test_too_short_utterances_are_named_and_nan_propagates() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    with pytest.raises(ImpossibleAlignmentError, match="row 3: 12 tokens in 11 frames"):
        forward_sum(log_attention, token_lengths, frame_lengths - 1)
    log_attention[1, 3, 2] = torch.nan
    assert forward_sum(log_attention, token_lengths, frame_lengths).isnan().tolist() == [
        False, True, False, False, False,
    ]  # fmt: skip


def test_kernels_work_in_a_forked_process() -> None:
    """DataLoader workers are forks: a kernel that ran in the parent must not hang or kill them."""
    batch = make_batch()
    expected = forward_sum_numba(*batch)[0]
    F.softmax(torch.randn(64, 4096), -1)  # starts torch's threads
    child = os.fork()
    if child == 0:
        same = torch.equal(forward_sum_numba(*batch)[0], expected)
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0

"""Laws of the forward-sum: it is the sum over all paths, and its gradient is their share."""

import os

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.alignment.test_monotonic import all_durations, path_score
from tts.alignment.forward_sum import (
    path_log_likelihood,
    path_sum_by_ctc,
    path_sum_compiled,
)
from tts.alignment.lengths import ImpossibleAlignmentError
from tts.alignment.monotonic import monotonic_search

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
    found = path_log_likelihood(log_attention, torch.tensor([tokens]), torch.tensor([frames]))
    torch.testing.assert_close(found[0], torch.stack(paths).logsumexp(0))


def test_the_gradient_is_the_derivative() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    log_attention = log_attention[:, :12, :5].contiguous().requires_grad_()
    lengths = token_lengths.clamp(max=5), frame_lengths.clamp(max=12)
    assert torch.autograd.gradcheck(lambda x: path_log_likelihood(x, *lengths), log_attention)


@pytest.mark.parametrize("spread", [0.1, 3.0, 30.0, 300.0, 3000.0])
def test_compiled_and_ctc_agree_at_every_range(spread: float) -> None:
    """300 and more are beyond what scaled probabilities hold: the kernel in logs takes over."""
    batch = make_batch(spread)
    sums, occupancy = path_sum_compiled(*batch)
    ctc_sums, ctc_occupancy = path_sum_by_ctc(*batch)
    torch.testing.assert_close(sums, ctc_sums)
    torch.testing.assert_close(occupancy, ctc_occupancy, rtol=1e-5, atol=1e-8)


def test_every_frame_is_occupied_once() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    _, occupancy = path_sum_compiled(log_attention, token_lengths, frame_lengths)
    real = torch.arange(40) < frame_lengths[:, None]
    torch.testing.assert_close(occupancy.sum(-1), real.double())
    assert (occupancy >= 0).all()


def test_padding_changes_nothing() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    together = path_log_likelihood(log_attention, token_lengths, frame_lengths)
    spoiled = log_attention.clone()
    for row, (tokens, frames) in enumerate(zip(token_lengths, frame_lengths, strict=True)):
        spoiled[row, frames:] = torch.nan
        spoiled[row, :, tokens:] = torch.nan
    assert torch.equal(path_log_likelihood(spoiled, token_lengths, frame_lengths), together)


def test_no_path_is_better_than_all_paths() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    durations = monotonic_search(log_attention, token_lengths, frame_lengths)
    sums = path_log_likelihood(log_attention, token_lengths, frame_lengths)
    for row, (tokens, frames) in enumerate(zip(token_lengths, frame_lengths, strict=True)):
        best = path_score(log_attention[row, :frames], durations[row, :tokens].tolist())
        assert best <= sums[row] + 1e-9


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision_keeps_its_dtype(dtype: torch.dtype) -> None:
    log_attention, token_lengths, frame_lengths = make_batch(dtype=dtype)
    log_attention.requires_grad_()
    sums = path_log_likelihood(log_attention, token_lengths, frame_lengths)
    sums.sum().backward()
    assert log_attention.grad is not None
    assert sums.dtype == log_attention.grad.dtype == dtype


def test_an_utterance_too_short_is_named_and_a_broken_one_is_seen() -> None:
    log_attention, token_lengths, frame_lengths = make_batch()
    with pytest.raises(ImpossibleAlignmentError, match="row 3: 12 tokens in 11 frames"):
        path_log_likelihood(log_attention, token_lengths, frame_lengths - 1)
    log_attention[1, 3, 2] = torch.nan
    assert path_log_likelihood(log_attention, token_lengths, frame_lengths).isnan().tolist() == [
        False, True, False, False, False,
    ]  # fmt: skip


def test_a_fork_after_the_kernels_ran_is_harmless() -> None:
    """DataLoader workers are forks: a threaded kernel in the parent must not hang or kill them."""
    batch = make_batch()
    expected = path_sum_compiled(*batch)[0]
    F.softmax(torch.randn(64, 4096), -1)  # torch's own threads are up, too
    child = os.fork()
    if child == 0:
        same = torch.equal(path_sum_compiled(*batch)[0], expected)
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0

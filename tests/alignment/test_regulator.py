"""Laws of the length regulator and of its inverse."""

import pytest
import torch

from tts.alignment.regulator import (
    average_by_duration,
    frame_to_token_index,
    gather_tokens,
    regulate_length,
)

DURATIONS = torch.tensor([[2, 0, 3, 1], [1, 4, 0, 0]])  # a skipped token, and padding


def test_regulated_length_equals_the_sum_of_durations() -> None:
    x = torch.randn(2, 4, 3)
    regulated = regulate_length(x, DURATIONS)
    assert regulated.shape == (2, 6, 3)
    for row, durations in enumerate(DURATIONS):
        expected = torch.repeat_interleave(x[row], durations, 0)
        assert torch.equal(regulated[row, : len(expected)], expected)
        assert not regulated[row, len(expected) :].any()


@pytest.mark.parametrize("frames", [3, 9])
def test_max_frames_cuts_or_pads(frames: int) -> None:
    x = torch.randn(2, 4, 3)
    regulated, full = regulate_length(x, DURATIONS, frames), regulate_length(x, DURATIONS)
    assert regulated.shape == (2, frames, 3)
    shared = min(frames, full.shape[1])
    assert torch.equal(regulated[:, :shared], full[:, :shared])
    assert not regulated[:, shared:].any()


def test_index_is_valid_past_the_end() -> None:
    index = frame_to_token_index(DURATIONS, 8)
    assert index[0].tolist() == [0, 0, 2, 2, 2, 3, 3, 3]
    assert index[1].tolist() == [0, 1, 1, 1, 1, 3, 3, 3]


def test_averaging_inverts_regulating() -> None:
    values = torch.randn(2, 4)
    frames = regulate_length(values[..., None], DURATIONS)[..., 0]
    expected = values * (DURATIONS > 0)
    torch.testing.assert_close(average_by_duration(frames, DURATIONS), expected)


def test_frames_outside_the_mask_are_ignored() -> None:
    values = torch.tensor([[1.0, 5.0, 2.0, 4.0, 100.0, 7.0]])
    mask = torch.tensor([[True, True, True, True, False, False]])
    average = average_by_duration(values, DURATIONS[:1], mask)
    torch.testing.assert_close(average, torch.tensor([[3.0, 0.0, 3.0, 0.0]]))


def test_a_long_average_is_exact_next_to_a_large_neighbor() -> None:
    durations = torch.tensor([[5000, 3]])
    values = torch.cat([torch.full((5000,), 1e4), torch.tensor([0.1, 0.2, 0.3])])[None]
    assert average_by_duration(values, durations)[0, 1].item() == pytest.approx(0.2, abs=1e-6)


def test_gradient_sums_over_a_tokens_frames() -> None:
    x = torch.randn(2, 4, 3, requires_grad=True)
    index = frame_to_token_index(DURATIONS, 6)
    upstream = torch.randn(2, 6, 3)
    (gradient,) = torch.autograd.grad(gather_tokens(x, index), x, upstream)
    expected = torch.zeros_like(x).index_put(
        (torch.arange(2)[:, None], index), upstream, accumulate=True
    )
    torch.testing.assert_close(gradient, expected)

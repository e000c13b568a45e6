"""Tests of the attention and alignment metrics."""

import pytest
import torch
import torch.nn.functional as F

from tts.metrics.alignment import (
    attention_failures,
    boundary_errors,
    coverage,
    diagonality,
    focus_rate,
    path_agreement,
    spread,
)

TOKENS, FRAMES = torch.tensor([10, 5]), torch.tensor([40, 10])
DURATIONS = torch.tensor([[4] * 10, [2] * 5 + [0] * 5])
PATH = torch.arange(40).expand(2, 40) // torch.tensor([[4], [2]])
STRAIGHT = F.one_hot(PATH.clamp(max=9), 10).float()
EVEN = torch.tensor([[0.1] * 10, [0.2] * 5 + [0.0] * 5])
SCATTERED = EVEN[:, None].expand(2, 40, 10)


def test_diagonal_attention_scores_one() -> None:
    assert diagonality(STRAIGHT, TOKENS, FRAMES).tolist() == [1, 1]
    assert focus_rate(STRAIGHT, FRAMES).tolist() == [1, 1]
    assert coverage(STRAIGHT, TOKENS, FRAMES).tolist() == [1, 1]
    assert path_agreement(STRAIGHT, DURATIONS, FRAMES) == 1


def test_frames_are_spread_over_all_tokens_or_over_one() -> None:
    torch.testing.assert_close(spread(DURATIONS, TOKENS), torch.ones(2))
    one = F.one_hot(torch.tensor([3, 0]), 10) * 40
    torch.testing.assert_close(spread(one, TOKENS), 1 / TOKENS)


def test_uniform_attention_scores_low() -> None:
    assert (diagonality(SCATTERED, TOKENS, FRAMES) < 0.4).all()
    torch.testing.assert_close(focus_rate(SCATTERED, FRAMES), torch.tensor([0.1, 0.2]))


def test_skipped_tokens_lower_the_coverage() -> None:
    attention = STRAIGHT.clone()
    attention[0, :, 3] = 0.0
    attention[0, 12:16, 4] = 1.0
    assert coverage(attention, TOKENS, FRAMES).tolist() == pytest.approx([0.9, 1.0])
    assert path_agreement(attention, DURATIONS, FRAMES).item() == pytest.approx(46 / 50)
    assert path_agreement(attention, DURATIONS, FRAMES, tolerance=1) == 1


def test_boundary_errors_are_in_milliseconds_without_the_ends() -> None:
    moved = DURATIONS.clone()
    moved[0, :2] = torch.tensor([5, 3])
    errors = boundary_errors(moved, DURATIONS, TOKENS, frames_per_second=100.0)
    assert errors.shape == (9 + 4,)
    assert errors.sum().item() == pytest.approx(10.0)
    assert errors.max().item() == pytest.approx(10.0)


def test_failures_are_skips_and_repeats() -> None:
    def failures(path: list[int]) -> tuple[int, int]:
        attention = F.one_hot(torch.tensor([path]), 10).float()
        lengths = torch.tensor([10]), torch.tensor([len(path)])
        skips, repeats = attention_failures(attention, *lengths)
        return int(skips), int(repeats)

    straight = list(range(10))
    assert failures(straight) == (0, 0)
    assert failures([0, 0, 2, 3, 4, 5, 6, 8, 9]) == (0, 0), "one token may be shorter than a frame"
    assert failures([0, 1, 5, 6, 7, 8, 9]) == (1, 0)
    assert failures([*range(7), 2, 3, 4, 5, 6, 7, 8, 9]) == (0, 1)
    assert failures([3, 4, 5, 6, 7, 8, 9]) == (1, 0), "the beginning is missing"
    assert failures([0, 1, 2, 3, 4]) == (1, 0), "the end is missing"
    # padding has no failures
    attention = F.one_hot(torch.tensor([[*straight, 0, 9, 0, 9]]), 10).float()
    assert attention_failures(attention, torch.tensor([10]), torch.tensor([10]))[1].item() == 0

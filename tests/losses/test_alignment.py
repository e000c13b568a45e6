"""Alignment losses: forward-sum and binarization."""

from types import SimpleNamespace

import pytest
import torch

from tts.losses.alignment import (
    BinarizationLoss,
    ForwardSumLoss,
    binarization_loss,
    forward_sum_loss,
)


def test_both_are_zero_for_a_one_hot_monotonic_attention() -> None:
    durations = torch.tensor([[2, 3, 1], [1, 2, 0]])
    lengths = torch.tensor([3, 2]), torch.tensor([6, 3])
    path = torch.tensor([[0, 0, 1, 1, 1, 2], [0, 1, 1, 0, 0, 0]])
    log_attention = torch.full((2, 6, 3), -1e4).scatter(2, path[..., None], 0.0)
    assert forward_sum_loss(log_attention, *lengths).item() == pytest.approx(0, abs=1e-6)
    assert binarization_loss(log_attention, durations, lengths[1]).item() == 0


def test_binarization_of_a_uniform_attention_is_its_entropy() -> None:
    durations = torch.tensor([[2, 3, 1]])
    uniform = torch.full((1, 6, 3), 1 / 3).log()
    loss = binarization_loss(uniform, durations, torch.tensor([6]))
    assert loss.item() == pytest.approx(torch.tensor(3.0).log().item())


def test_both_do_not_apply_with_given_durations() -> None:
    output = SimpleNamespace(log_attention=None)
    assert ForwardSumLoss()(output, None) is None
    assert BinarizationLoss()(output, None) is None

"""Weighted loss: the sum, ramps, terms that do not apply, wrong names."""

import pytest
import torch
from torch import nn

from tts.errors import UserError
from tts.losses.term import LossTerm
from tts.losses.weighted import WeightedLoss


class Constant(nn.Module):
    def __init__(self, value: float | None) -> None:
        super().__init__()
        self.value = value

    def forward(self, output: object, batch: object) -> torch.Tensor | None:
        return None if self.value is None else torch.tensor(self.value)


def test_total_is_the_weighted_sum() -> None:
    loss = WeightedLoss({"a": Constant(2.0), "b": Constant(3.0)}, {"a": 0.5, "b": 4.0})
    result = loss(None, None, step=0)
    assert result.total.item() == pytest.approx(0.5 * 2 + 4 * 3)
    assert {name: value.item() for name, value in result.terms.items()} == {"a": 2.0, "b": 3.0}


def test_a_ramp_rises_linearly_between_its_steps() -> None:
    loss = WeightedLoss({"a": Constant(1.0)}, {"a": 2.0}, {"a": (100, 200)})
    assert [loss.weight("a", step) for step in (0, 100, 150, 200, 999)] == [0, 0, 1, 2, 2]


def test_a_term_that_does_not_apply_is_left_out() -> None:
    loss = WeightedLoss({"a": Constant(1.0), "b": Constant(None)}, {"a": 1.0, "b": 1.0})
    result = loss(None, None, step=0)
    assert result.total.item() == 1.0
    assert set(result.terms) == {"a"}


def test_zero_weight_is_not_computed() -> None:
    loss = WeightedLoss({"a": Constant(1.0), "b": Constant(1.0)}, {"a": 1.0, "b": 0.0})
    assert set(loss(None, None, step=0).terms) == {"a"}


class Costly(LossTerm):
    skipped_at_zero = True

    def forward(self, output: object, batch: object) -> torch.Tensor:
        return torch.tensor(5.0)


def test_a_costly_term_is_left_out_of_training_while_its_weight_is_at_zero() -> None:
    loss = WeightedLoss(
        {"a": Constant(1.0), "b": Costly(), "c": Constant(1.0)},
        {"a": 1.0, "b": 2.0, "c": 1.0},
        {"b": (10, 20), "c": (10, 20)},
    )
    for step, total in ((10, 1.0), (15, 1 + 5 + 0.5), (20, 1 + 10 + 1.0)):
        assert loss(None, None, step).total.item() == total
    assert set(loss(None, None, 10).terms) == {"a", "c"}
    assert set(loss.eval()(None, None, 10).terms) == {"a", "b", "c"}  # validation shows it


@pytest.mark.parametrize(
    ("weights", "ramps", "culprit"),
    [
        ({"a": 1.0, "c": 1.0}, None, "c"),
        ({}, None, "a"),
        ({"a": 1.0}, {"z": (0, 1)}, "z"),
    ],
)
def test_an_unknown_name_raises_an_error_with_that_name(
    weights: dict[str, float], ramps: dict[str, tuple[int, int]] | None, culprit: str
) -> None:
    with pytest.raises(UserError, match=culprit):
        WeightedLoss({"a": Constant(1.0)}, weights, ramps)


@pytest.mark.parametrize("value", [1.0, torch.ones(1), torch.ones(2, 3)])
def test_a_term_that_returns_no_scalar_is_named(value: object) -> None:
    class Wrong(nn.Module):
        def forward(self, output: object, batch: object) -> object:
            return value

    loss = WeightedLoss({"mine": Wrong()}, {"mine": 1.0})
    with pytest.raises(UserError, match=r"model\.loss\.terms\.mine: .*Wrong returned .* a scalar"):
        loss(None, None, step=0)


def test_no_term_that_applies_is_an_error() -> None:
    loss = WeightedLoss({"a": Constant(None)}, {"a": 1.0})
    with pytest.raises(UserError, match="weights"):
        loss(None, None, step=0)

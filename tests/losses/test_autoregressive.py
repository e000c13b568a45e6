"""Losses of the autoregressive family."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.models.assemble import batch
from tts.alignment.regulator import frame_to_token_index
from tts.losses.autoregressive import (
    AttentionLoss,
    CrossAttentionForwardSum,
    GaussianLikelihood,
    GuidedAttentionLoss,
    StopLoss,
)
from tts.losses.term import LossTerm
from tts.losses.weighted import WeightedLoss
from tts.masks import mask_from_lengths
from tts.models.acoustic import Diagnostics
from tts.models.aligned import path_of_steps
from tts.systems.reading_scores import reading_scores, stop_accuracy


def attention_output(path: str, each: int = 2) -> Any:
    """Attention of two heads along the given durations, or uniform."""
    data = batch(durations=True)
    assert data.durations is not None
    index = frame_to_token_index(data.durations, 61)[:, ::each]
    weights = torch.nn.functional.one_hot(index, 9).float()
    if path == "uniform":
        weights = torch.ones_like(weights)
    if path == "reversed":
        weights = weights.flip(1)
    log_weights = (weights + 1e-6).log().log_softmax(-1)
    return SimpleNamespace(
        head_alignments=log_weights[:, None].expand(-1, 2, -1, -1),
        frame_mask=mask_from_lengths(data.frame_lengths, 61),
        step_mask=mask_from_lengths(data.frame_lengths, 61)[:, ::each],
        frames_per_step=each,
        targets=None,
    )


@pytest.mark.parametrize("term", [GuidedAttentionLoss(0.2), CrossAttentionForwardSum(1.0)])
@pytest.mark.parametrize("each", [1, 2, 3])
def test_a_diagonal_costs_least(term: LossTerm, each: int) -> None:
    values = [
        float(term(attention_output(path, each), batch()))
        for path in ("diagonal", "uniform", "reversed")
    ]
    assert values == sorted(values)
    assert values[0] < 0.8 * values[1]


def test_attention_costs_least_on_the_path_and_replaces_the_other_terms() -> None:
    data = batch(durations=True)
    assert data.durations is not None
    path = path_of_steps(data.durations, 31, 2, 1.0)
    outputs = [attention_output(shape) for shape in ("diagonal", "uniform", "reversed")]
    for output in outputs:
        assert AttentionLoss()(output, data) is None
        output.targets = path
        assert GuidedAttentionLoss(0.2)(output, data) is None
        assert CrossAttentionForwardSum(1.0)(output, data) is None
    values = [float(AttentionLoss()(output, data)) for output in outputs]  # type: ignore[arg-type]
    assert values == sorted(values)
    assert values[1] == pytest.approx(math.log(9), abs=1e-4)


def test_the_likelihood_is_least_at_the_true_variance() -> None:
    data = batch()
    assert data.mel is not None
    mask = mask_from_lengths(data.frame_lengths)
    noise = torch.randn(data.mel.shape, generator=torch.Generator().manual_seed(0))

    def value(log_variance: float) -> float:
        spread = torch.full_like(data.mel, log_variance)  # type: ignore[arg-type]
        output: Any = SimpleNamespace(
            mean=data.mel + 2 * noise, log_variance=spread, frame_mask=mask
        )
        return float(GaussianLikelihood()(output, data))

    true = math.log(4)
    assert value(true) < min(value(true - 0.3), value(true + 0.3))
    assert value(true) == pytest.approx(0.5 * (1 + true + math.log(2 * math.pi)), abs=0.05)


def test_the_stop_is_at_the_last_real_step() -> None:
    mask = mask_from_lengths(torch.tensor([5, 3]))
    last = torch.nn.functional.one_hot(torch.tensor([4, 2]), 5).bool()
    right: Any = SimpleNamespace(stop=torch.where(last, 9.0, -9.0), step_mask=mask)
    wrong: Any = SimpleNamespace(stop=torch.where(last, -9.0, -9.0), step_mask=mask)
    assert StopLoss(8.0)(right, batch()) < 0.01
    assert StopLoss(8.0)(wrong, batch()) == pytest.approx(8 * 9 * 2 / 8, rel=0.01)


def test_scores_of_reading() -> None:
    lengths = torch.tensor([9, 9])
    logits = torch.full((2, 9), -1.0)
    logits[0, 7], logits[1, 3] = 1.0, 1.0  # near the end; too early
    assert float(stop_accuracy(logits, lengths)) == 0.5
    output = attention_output("diagonal", 1)
    scores = reading_scores(Diagnostics(log_attention=output.head_alignments[:, 0]), batch())
    assert scores["diagonality"] > 0.95
    assert scores["coverage"] == 1
    assert scores["skips"] == scores["repeats"] == 0
    assert reading_scores(Diagnostics(), batch()) == {}


def test_a_weight_decays_to_0() -> None:
    class One(LossTerm):
        def forward(self, output: object, batch: object) -> torch.Tensor:
            return torch.ones(())

    loss = WeightedLoss({"a": One()}, {"a": 2.0}, {"a": (0, 10)}, decays={"a": (20, 40)})
    assert [loss.weight("a", step) for step in (5, 20, 30, 40, 99)] == [1.0, 2.0, 1.0, 0.0, 0.0]

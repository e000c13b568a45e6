"""Monitoring: the examples in its documentation run."""

import doctest
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import tts.monitoring
from tts.errors import UserError
from tts.monitoring import (
    GradientReport,
    MetricsAggregator,
    PerParameterClipping,
    alignment_diagonality,
    clip_gradients,
    gradient_report,
    mel_snr,
    plot_alignment,
)


def test_the_examples_run() -> None:
    found = doctest.testmod(tts.monitoring)
    assert found.attempted > 10
    assert found.failed == 0


def test_lengths_exclude_padding_and_a_picture_is_written(tmp_path: Path) -> None:
    attention = torch.zeros(2, 8, 8)
    attention[0] = torch.eye(8)
    attention[1, :4, :4] = torch.eye(4)
    lengths = torch.tensor([8, 4])
    assert alignment_diagonality(attention, lengths, lengths).tolist() == [1.0, 1.0]
    assert alignment_diagonality(attention)[1] < 0.6
    plot_alignment(attention[0], path=tmp_path / "alignment.png")
    assert (tmp_path / "alignment.png").stat().st_size > 1000


def test_a_report_names_what_is_wrong() -> None:
    layer = torch.nn.Linear(2, 1)
    layer.weight.grad = torch.tensor([[float("nan"), 1.0]])
    report = gradient_report(torch.nn.ModuleDict({"broken": layer}))
    assert isinstance(report, GradientReport)
    assert "33.3 % NaN or infinite" in str(report)


MISTAKES: dict[str, Callable[[], object]] = {
    "clip_gradients: method=-1": lambda: clip_gradients(torch.nn.Linear(1, 1), -1.0),
    "clip_gradients: method=nan": lambda: clip_gradients(torch.nn.Linear(1, 1), float("nan")),
    "clip_gradients: method='norm'": lambda: clip_gradients(torch.nn.Linear(1, 1), "norm"),  # type: ignore[arg-type]
    "PerParameterClipping: max_norm=0": lambda: PerParameterClipping(0),
    r"mel_snr: .* \(4, 3\).* \(5, 3\)": lambda: mel_snr(np.zeros((4, 3)), np.zeros((5, 3))),
    r"plot_alignment: .* \(T, N\).*\(2, 5, 4\)": lambda: plot_alignment(torch.zeros(2, 5, 4)),
    "3 symbols are given for the 4 tokens": lambda: plot_alignment(torch.zeros(5, 4), "abc"),
    r"alignment_diagonality: attention .*\(5,\)": lambda: alignment_diagonality(torch.zeros(5)),
    r"token_lengths has the shape \(2,\)": lambda: alignment_diagonality(
        torch.zeros(2, 5, 4), torch.tensor(4)
    ),
    "add: loss='low': expected a number": lambda: MetricsAggregator().add(1, loss="low"),  # type: ignore[arg-type]
    "window=0 must be at least 1": lambda: MetricsAggregator(window=0),
    "frames_per_second=0": lambda: plot_alignment(torch.eye(4), frames_per_second=0),
    r"add: loss has the shape \(2,\)": lambda: MetricsAggregator().add(1, loss=torch.zeros(2)),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_names_the_function_and_what_it_takes(message: str) -> None:
    with pytest.raises(UserError, match=message):
        MISTAKES[message]()

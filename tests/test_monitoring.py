"""Monitoring: the examples in its documentation run."""

import doctest
from pathlib import Path

import torch

import tts.monitoring
from tts.monitoring import GradientReport, alignment_diagonality, gradient_report, plot_alignment


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

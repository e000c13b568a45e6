"""Gradient monitor: a fault in a layer's gradient is reported, a healthy run has no warning."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import compose_train, fake_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from tts.callbacks.gradient_monitor import GradientMonitor
from tts.callbacks.support.layer_gradients import layer_gradients, layer_name
from tts.errors import UserError
from tts.training.run import train


def run(folder: Path, caplog: pytest.LogCaptureFixture, *more: str) -> list[str]:
    """Return the warnings of a run."""
    overrides = fake_overrides(
        folder, "callbacks=[default,gradient_monitor]", "callbacks.samples=null",
        "callbacks.validation_metrics=null",
        "callbacks.gradient_monitor.every_n_steps=1", "callbacks.gradient_monitor.warmup_steps=5",
        "logger=tensorboard", "trainer.max_steps=16", "trainer.val_check_interval=16",
        "optimizer.lr=1e-3", *more,
    )  # fmt: skip
    with caplog.at_level(logging.WARNING):
        train(compose_train(*overrides))
    return [record.getMessage() for record in caplog.records if "gradient_monitor" in record.name]


def scaled(of: str, factor: float, start: int = 10, until: int = 100) -> str:
    """Return an override that multiplies the gradients of ``of`` by ``factor``."""
    return (
        f"+callbacks.scale={{_target_: fakes.ScaleGradients, of: {of}, factor: {factor}, "
        f"from_step: {start}, until: {until}}}"
    )


def test_a_healthy_run_has_no_warning_and_logs_every_layer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(tmp_path, caplog, "callbacks.gradient_monitor.histograms=true") == []
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    for layer in ("embed", "project"):
        assert {
            f"gradients/{layer}", f"gradients_by_layer/{layer}", f"gradients_zero_share/{layer}",
            f"gradients_non_finite_share/{layer}", f"update_ratio/{layer}",
        } <= tags  # fmt: skip
    assert "gradients/project.weight" in events.Tags()["histograms"]
    ratio = events.Scalars("update_ratio/project")[-1].value
    assert 1e-5 < ratio < 0.1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (scaled("project", 0.0), ["step 12: project has no gradient: it is unused"]),
        (scaled("embed", 1e4), ["step 10: embed explodes: its gradient norm is"]),
        (scaled("embed", 1e-3), ["step 10: embed vanishes: its gradient norm is"]),
        (scaled("project", float("nan"), 10, 11), ["step 10: project: 100 % of its gradient"]),
        (scaled("project", 1e4, 10, 11), ["step 10: project explodes: its gradient norm"]),
        (
            "optimizer.lr=1.0",
            ["step 6: embed: a step changes its weights by", "step 6: project: a step changes its"],
        ),
    ],
)
def test_a_fault_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str, expected: list[str]
) -> None:
    texts = [t for t in run(tmp_path, caplog, fault, "trainer.gradient_clip_val=null")
             if expected[0].split(": ")[1].split()[0] in t or "lr" in fault]  # fmt: skip
    if "nan" in fault or "lr" in fault:
        texts = texts[: len(expected)]  # consequences of the fault follow
    for text, start in zip(texts, expected, strict=True):
        assert text.startswith(start), texts
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    assert "gradients/text_summary" in events.Tags()["tensors"]


def test_a_layers_statistics_are_those_of_its_entries() -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Linear(2, 2)})
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    grad: Any = model["a"].weight.grad
    grad[0] = 0.0
    grad[1, 0] = float("inf")
    layers = layer_gradients(model.named_parameters(), depth=1)
    assert layers["a"].zero_share == pytest.approx(3 / 8)
    assert layers["a"].non_finite_share == pytest.approx(1 / 8)
    flat = torch.cat([p.grad.flatten() for p in model["b"].parameters()])  # type: ignore[union-attr]
    assert layers["b"].norm == pytest.approx(float(flat.norm()))
    assert layers["b"].size == 6
    assert layer_name("encoder.blocks.0.mixer.layer.weight", 3) == "encoder.blocks.0"
    assert layer_name("weight", 3) == "weight"
    with pytest.raises(UserError, match="layer_depth=0"):
        GradientMonitor(layer_depth=0)

"""A fault planted in a layer's gradient is found and named, and a quiet run says nothing."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import compose_train, fake_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from tts.callbacks.gradient_monitor import GradientMonitor, layer_of, look_at
from tts.errors import UserError
from tts.training.run import train


def run(folder: Path, caplog: pytest.LogCaptureFixture, *more: str) -> list[str]:
    """What was warned of."""
    overrides = fake_overrides(
        folder, "callbacks=[default,gradients]", "callbacks.samples=null", "callbacks.validation_metrics=null",
        "callbacks.gradients.every_n_steps=1", "callbacks.gradients.warmup_steps=5",
        "logger=tensorboard", "trainer.max_steps=16", "trainer.val_check_interval=16",
        "optimizer.lr=1e-3", *more,
    )  # fmt: skip
    with caplog.at_level(logging.WARNING):
        train(compose_train(*overrides))
    return [record.getMessage() for record in caplog.records if "gradient_monitor" in record.name]


def meddle(of: str, factor: float, start: int = 10, until: int = 100) -> str:
    return (
        f"+callbacks.meddle={{_target_: fakes.Meddle, of: {of}, factor: {factor}, "
        f"from_step: {start}, until: {until}}}"
    )


def test_a_quiet_run_says_nothing_and_logs_every_layer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(tmp_path, caplog, "callbacks.gradients.histograms=true") == []
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    for layer in ("embed", "project"):
        assert {f"gradients/{layer}", f"gradients_by_layer/{layer}", f"gradients_zero/{layer}",
                f"gradients_non_finite/{layer}", f"update_ratio/{layer}"} <= tags  # fmt: skip
    assert "gradients/project.weight" in events.Tags()["histograms"]
    ratio = events.Scalars("update_ratio/project")[-1].value
    assert 1e-5 < ratio < 0.1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (meddle("project", 0.0), ["step 12: project gets no gradient: it is cut off"]),
        (meddle("embed", 1e4), ["step 10: embed explodes: the norm of its gradient is"]),
        (meddle("embed", 1e-3), ["step 10: embed vanishes: the norm of its gradient is"]),
        (meddle("project", float("nan"), 10, 11), ["step 10: project: 100 % of its gradient"]),
        (meddle("project", 1e4, 10, 11), ["step 10: project explodes: the norm of its gradient"]),
        ("optimizer.lr=1.0", ["step 6: embed moves by", "step 6: project moves by"]),
    ],
)
def test_what_is_planted_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str, told: list[str]
) -> None:
    texts = [t for t in run(tmp_path, caplog, fault, "trainer.gradient_clip_val=null")
             if told[0].split(": ")[1].split()[0] in t or "moves" in told[0]]  # fmt: skip
    if "nan" in fault or "lr" in fault:
        texts = texts[: len(told)]  # what follows from it is told too, when it comes back
    for text, start in zip(texts, told, strict=True):
        assert text.startswith(start), texts
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    assert "gradients/text_summary" in events.Tags()["tensors"]


def test_a_layers_numbers_are_those_of_its_entries() -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Linear(2, 2)})
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    grad: Any = model["a"].weight.grad
    grad[0] = 0.0
    grad[1, 0] = float("inf")
    looks = look_at(model.named_parameters(), depth=1)
    assert looks["a"].zeros == pytest.approx(3 / 8)
    assert looks["a"].non_finite == pytest.approx(1 / 8)
    flat = torch.cat([p.grad.flatten() for p in model["b"].parameters()])  # type: ignore[union-attr]
    assert looks["b"].norm == pytest.approx(float(flat.norm()))
    assert looks["b"].size == 6
    assert layer_of("encoder.blocks.0.mixer.layer.weight", 3) == "encoder.blocks.0"
    assert layer_of("weight", 3) == "weight"
    with pytest.raises(UserError, match="depth=0"):
        GradientMonitor(depth=0)

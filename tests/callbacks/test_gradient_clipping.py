"""Gradient clipping: each method keeps its limit, leaves smaller gradients, and resumes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import compose_train, fake_overrides
from torch import nn

from tts.callbacks.support.clipping_methods import (
    AdaptiveClipping,
    ClippingMethod,
    GlobalNormClipping,
    PercentileClipping,
    PerParameterClipping,
    unit_norms,
)
from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.training.run import train


def parameters(scale: float = 1.0) -> list[nn.Parameter]:
    """Return parameters of 1, 2 and 4 axes with gradients of norm 3, 4 and 12 times ``scale``."""
    torch.manual_seed(0)
    found = []
    for shape, norm in (((6,), 3.0), ((4, 5), 4.0), ((3, 2, 2, 2), 12.0)):
        parameter = nn.Parameter(torch.randn(shape))
        grad = torch.randn(shape)
        parameter.grad = grad / grad.norm() * norm * scale
        found.append(parameter)
    return found


def norms(found: list[nn.Parameter]) -> list[float]:
    return [float(p.grad.norm()) for p in found if p.grad is not None]


METHODS: dict[str, ClippingMethod] = {
    "global": GlobalNormClipping(1.0),
    "per parameter": PerParameterClipping(5.0),
    "percentile": PercentileClipping(max_norm=1.0, min_steps=1),
    "adaptive": AdaptiveClipping(0.01),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_norm_before_clipping_is_returned_and_a_small_gradient_is_kept(name: str) -> None:
    clip = METHODS[name]
    assert float(clip(parameters())) == pytest.approx(13.0)
    small = parameters(1e-5)
    before = [p.grad.clone() for p in small if p.grad is not None]
    clip(small)
    for p, old in zip(small, before, strict=True):
        assert p.grad is not None
        assert torch.equal(p.grad, old)


def test_global_norm_clipping_keeps_directions() -> None:
    found, before = parameters(), parameters()
    GlobalNormClipping(1.0)(found)
    assert np.linalg.norm(norms(found)) == pytest.approx(1.0, rel=1e-4)
    for p, old in zip(found, before, strict=True):
        assert p.grad is not None
        assert old.grad is not None
        assert torch.allclose(p.grad * 13.0, old.grad, rtol=1e-4)


def test_per_parameter_clipping_scales_only_large_gradients() -> None:
    found = parameters()
    PerParameterClipping(5.0)(found)
    assert norms(found) == pytest.approx([3.0, 4.0, 5.0], rel=1e-4)


def test_the_percentile_of_past_norms_is_the_limit() -> None:
    clip = PercentileClipping(percentile=50, window=5, min_steps=3, max_norm=1000.0)
    for scale in (1.0, 2.0, 3.0):
        clip(parameters(scale))
    found = parameters(10.0)
    clip(found)
    assert np.linalg.norm(norms(found)) == pytest.approx(26.0, rel=1e-4), "the median, twice 13"
    bad = parameters()
    assert bad[0].grad is not None
    bad[0].grad[0] = float("nan")
    clip(bad)
    assert len(clip.norms) == 4, "a NaN norm is not remembered"
    again = PercentileClipping(percentile=50, window=5, min_steps=3, max_norm=1000.0)
    again.load_state_dict(clip.state_dict())
    assert again.norms == clip.norms


def test_adaptive_clipping_limits_every_unit_by_its_weights() -> None:
    found = parameters()
    with torch.no_grad():
        found[1][2] = 0.0  # a row that begins at zero
    AdaptiveClipping(0.01, min_weight_norm=0.5)(found)
    for p in found:
        assert p.grad is not None
        most = 0.01 * unit_norms(p).clamp(min=0.5)
        assert (unit_norms(p.grad) <= most * 1.001).all()
    assert found[1].grad is not None
    assert float(found[1].grad[2].norm()) == pytest.approx(0.005, rel=1e-3)


@pytest.mark.parametrize("choice", ["global", "per_parameter", "percentile", "adaptive"])
def test_a_run_clips_and_resumes(tmp_path: Path, choice: str) -> None:
    overrides = fake_overrides(
        tmp_path, f"callbacks=[default,gradient_clipping_{choice}]", "callbacks.samples=null",
        "callbacks.validation_metrics=null", "trainer.max_steps=4", "trainer.val_check_interval=4",
    )  # fmt: skip
    metrics = train(compose_train(*overrides))
    assert metrics["train/gradient_norm_unclipped"] >= metrics["train/gradient_norm"] > 0
    given = (f"resume={tmp_path}", "trainer.max_steps=6")
    train(compose_train(*overrides, *given), given)
    if choice == "percentile":
        kept = load_checkpoint(tmp_path / "checkpoints/last.ckpt")["callbacks"]
        [methods] = [state["methods"] for state in kept.values() if "methods" in state]
        assert len(methods[0]["norms"]) == 6


def test_clipping_twice_and_wrong_settings_are_rejected(tmp_path: Path) -> None:
    overrides = fake_overrides(tmp_path, "callbacks=[default,gradient_clipping_global]",
                               "callbacks.samples=null", "callbacks.validation_metrics=null",
                               "trainer.gradient_clip_val=1.0")  # fmt: skip
    with pytest.raises(UserError, match="would clip twice"):
        train(compose_train(*overrides))
    with pytest.raises(UserError, match="max_norm=0"):
        GlobalNormClipping(0.0)
    with pytest.raises(UserError, match="percentile=120"):
        PercentileClipping(percentile=120.0)

"""Plateau: a flat loss triggers actions, a falling or noisy one does not, across resumes."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fakes import compose_train, fake_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tts.callbacks.plateau import Plateau
from tts.callbacks.support.plateau_actions import (
    AddDropout,
    LowerLearningRate,
    RebalanceLosses,
    WarmRestart,
)
from tts.callbacks.support.training_controls import TrainingControls
from tts.callbacks.support.trend import trend
from tts.errors import UserError
from tts.training.run import train


def noise(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size)


def test_a_trend_has_an_interval() -> None:
    falling = trend(list(1.0 - 0.01 * np.arange(20) + 0.002 * noise(20)))
    assert falling.low < 0.19 / 0.905 < falling.high
    assert falling.low > 0.15
    flat = trend(list(1.0 + 0.002 * noise(20)))
    assert flat.low < 0 < flat.high < 0.01
    noisy = trend(list(1.0 + 0.5 * noise(20)))
    assert noisy.high > 0.1, "too noisy to decide"
    outlier = 1.0 - 0.01 * np.arange(20)
    outlier[15] = 50.0
    assert trend(list(outlier)).low > 0.15, "one bad batch changes little"


def test_a_falling_loss_is_rarely_called_flat() -> None:
    """A fall of 3 % over the window in noise of 1 %: at most 2 of 200 windows."""
    called = sum(
        trend(list(1.0 - 0.03 * np.linspace(0, 1, 20) + 0.01 * noise(20, seed))).high < 0.01
        for seed in range(200)
    )
    assert called <= 2


def run(folder: Path, *more: str, steps: int = 40) -> Any:
    overrides = fake_overrides(
        folder, "callbacks=[default,plateau]", "callbacks.samples=null",
        "callbacks.validation_metrics=null",
        "callbacks.plateau.window_steps=16", "callbacks.plateau.points=8", "scheduler=constant",
        "callbacks.plateau.warmup_steps=0", "logger=tensorboard", f"trainer.max_steps={steps}",
        "trainer.val_check_interval=20", *more,
    )  # fmt: skip
    return train(compose_train(*overrides))


def messages(folder: Path) -> list[str]:
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    tag = "plateau/text_summary"
    if tag not in events.Tags()["tensors"]:
        return []
    return [event.tensor_proto.string_val[0].decode() for event in events.Tensors(tag)]


def test_a_flat_loss_triggers_every_action(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        metrics = run(
            tmp_path, "optimizer.lr=1e-12", "callbacks.plateau.min_improvement=0.2", steps=200
        )
    texts = messages(tmp_path)
    assert [text.split("; action")[1].split(":")[0] for text in texts] == [
        f" {n} of 5" for n in range(1, 6)
    ]
    for text, done in zip(texts, ("learning rate 1e-12 -> 5e-13",
                                  "warm restart: learning rate 5e-13 -> 1e-12, over 1000 steps",
                                  "fewer than two losses can be balanced", "dropout 0.300 -> 0.350",
                                  "the run ends"), strict=True):  # fmt: skip
        assert done in text
        assert "train/loss is on a plateau at" in text
    assert metrics["steps"] == 80, "five windows of sixteen steps, then the end"
    assert caplog.text.count("is on a plateau") == 5


def test_every_action_says_the_rate_in_use(tmp_path: Path) -> None:
    actions = "tts.callbacks.support.plateau_actions"
    lower, restart = (f"{{_target_: {actions}.{name}}}" for name in (
        "LowerLearningRate", "WarmRestart"))  # fmt: skip
    run(tmp_path, "optimizer.lr=1e-12", "callbacks.plateau.min_improvement=0.2",
        f"callbacks.plateau.actions=[{restart},{lower},{lower}]", steps=64)  # fmt: skip
    done = [text.split(": ", 3)[-1] for text in messages(tmp_path)]
    assert done[0].endswith("1e-12 is as high as peak_factor=1 of the peak, and stays")
    assert [text.split("learning rate ")[-1] for text in done[1:3]] == [
        "1e-12 -> 5e-13", "5e-13 -> 2.5e-13",
    ]  # fmt: skip


def test_a_falling_loss_triggers_no_action(tmp_path: Path) -> None:
    run(tmp_path, "optimizer.lr=0.05", "callbacks.plateau.min_improvement=0.001")
    assert messages(tmp_path) == []


def test_the_effects_of_actions_persist_in_a_resumed_run(tmp_path: Path) -> None:
    run(tmp_path, "optimizer.lr=1e-12", "callbacks.plateau.min_improvement=0.2", steps=20)
    overrides = (f"resume={tmp_path}", "trainer.max_steps=30")
    config = compose_train(*fake_overrides(
        tmp_path, "callbacks=[default,plateau]", "logger=tensorboard", *overrides,
    ))  # fmt: skip
    metrics = train(config, overrides)
    assert metrics["steps"] == 30
    assert len(messages(tmp_path)) == 1, "the second window is not full"
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    rates = [event.value for event in events.Scalars("train/learning_rate")]
    assert rates[-1] == pytest.approx(5e-13)


class Loss:
    def __init__(self, **weights: float) -> None:
        self.weights = weights


class System(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dropout = torch.nn.Dropout(0.1)
        self.none = torch.nn.Dropout(0.0)
        self.loss: Any = Loss(mel=1.0, pitch=0.1, duration=0.2)  # type: ignore[assignment]


def controls_of(system: System) -> TrainingControls:
    controls = TrainingControls()
    controls.begin(None, system)  # type: ignore[arg-type]
    return controls


def test_the_loss_that_fell_least_gets_more_weight_and_the_sum_stays() -> None:
    system = System()
    losses = {"mel": (2.0, 0.5), "pitch": (1.0, 0.9), "duration": (0.5, -0.1)}
    text = RebalanceLosses(strength=1.0)(controls_of(system), losses)
    weights = system.loss.weights
    assert weights["pitch"] / weights["mel"] == pytest.approx(0.1 * 0.9 / 0.25)
    assert weights["duration"] == 0.2
    after = weights["mel"] * 0.5 + weights["pitch"] * 0.9
    assert after == pytest.approx(1.0 * 0.5 + 0.1 * 0.9)
    assert "pitch 0.1 ->" in text


def test_dropout_stays_a_probability_and_zero_stays_zero() -> None:
    system = System()
    controls = controls_of(system)
    assert AddDropout(0.05)(controls, {}) == "dropout 0.100 -> 0.150"
    assert AddDropout(-0.5)(controls, {}) == "dropout 0.150 -> 0.000"
    assert system.none.p == 0.0
    resumed = System()
    again = TrainingControls()
    again.state |= {**controls.state, "dropout": 0.2}
    again.begin(None, resumed)  # type: ignore[arg-type]
    assert resumed.dropout.p == pytest.approx(0.3)


def test_wrong_settings_are_rejected() -> None:
    for make, message in (
        (lambda: Plateau(points=3), "points=3"),
        (lambda: LowerLearningRate(1.5), "factor=1.5"),
        (lambda: WarmRestart(0), "steps=0"),
    ):
        with pytest.raises(UserError, match=message):
            make()


def test_an_unknown_monitor_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"monitor=train/beauty is not a metric .* train/loss"):
        run(tmp_path, "callbacks.plateau.monitor=train/beauty")

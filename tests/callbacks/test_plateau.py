"""A flat loss is found and answered, a falling or a wild one is left alone, and resuming knows."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fakes import compose_train, fake_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tts.callbacks.plateau import Plateau, trend
from tts.callbacks.support.plateau_actions import AddDropout, DropRate, Rebalance, Stop, WarmRestart
from tts.callbacks.support.training_controls import TrainingControls
from tts.errors import UserError
from tts.training.run import train


def noise(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size)


def test_a_trend_is_told_with_its_doubt() -> None:
    falling = trend(list(1.0 - 0.01 * np.arange(20) + 0.002 * noise(20)))
    assert falling.low < 0.19 / 0.905 < falling.high
    assert falling.low > 0.15
    flat = trend(list(1.0 + 0.002 * noise(20)))
    assert flat.low < 0 < flat.high < 0.01
    wild = trend(list(1.0 + 0.5 * noise(20)))
    assert wild.high > 0.1, "too noisy to tell"
    outlier = 1.0 - 0.01 * np.arange(20)
    outlier[15] = 50.0
    assert trend(list(outlier)).low > 0.15, "one bad batch actions nothing"


def test_flat_is_rarely_called_where_it_falls() -> None:
    """A fall of 3 % over the window in noise of 1 %: not once in two hundred windows."""
    called = sum(
        trend(list(1.0 - 0.03 * np.linspace(0, 1, 20) + 0.01 * noise(20, seed))).high < 0.01
        for seed in range(200)
    )
    assert called <= 2


def run(folder: Path, *more: str, steps: int = 40) -> Any:
    overrides = fake_overrides(
        folder, "callbacks=[default,plateau]", "callbacks.samples=null", "callbacks.validation_metrics=null",
        "callbacks.plateau.steps=16", "callbacks.plateau.points=8", "scheduler=constant",
        "callbacks.plateau.warmup_steps=0", "logger=tensorboard", f"trainer.max_steps={steps}",
        "trainer.val_check_interval=20", *more,
    )  # fmt: skip
    return train(compose_train(*overrides))


def said(folder: Path) -> list[str]:
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    tag = "plateau/text_summary"
    if tag not in events.Tags()["tensors"]:
        return []
    return [event.tensor_proto.string_val[0].decode() for event in events.Tensors(tag)]


def test_a_loss_that_cannot_fall_is_found_and_every_move_is_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        metrics = run(
            tmp_path, "optimizer.lr=1e-12", "callbacks.plateau.min_improvement=0.2", steps=200
        )
    texts = said(tmp_path)
    assert [text.split("; move")[1].split(":")[0] for text in texts] == [
        f" {n} of 5" for n in range(1, 6)
    ]
    for text, deed in zip(texts, ("learning rate 1e-12 -> 5e-13", "warm restart: learning rate",
                                  "there are no two losses", "dropout 0.300 -> 0.350",
                                  "the run ends"), strict=True):  # fmt: skip
        assert deed in text
        assert "train/loss is on a plateau at" in text
    assert metrics["steps"] == 80, "five windows of sixteen steps, then the end"
    assert caplog.text.count("is on a plateau") == 5


def test_a_falling_loss_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path, "optimizer.lr=0.05", "callbacks.plateau.min_improvement=0.001")
    assert said(tmp_path) == []


def test_what_was_done_goes_on_in_a_resumed_run(tmp_path: Path) -> None:
    run(tmp_path, "optimizer.lr=1e-12", "callbacks.plateau.min_improvement=0.2", steps=20)
    overrides = (f"resume={tmp_path}", "trainer.max_steps=30")
    config = compose_train(*fake_overrides(
        tmp_path, "callbacks=[default,plateau]", "logger=tensorboard", *overrides,
    ))  # fmt: skip
    metrics = train(config, overrides)
    assert metrics["steps"] == 30
    assert len(said(tmp_path)) == 1, "the second window is not full"
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


def controls(system: System) -> TrainingControls:
    made = TrainingControls()
    made.begin(None, system)  # type: ignore[arg-type]
    return made


def test_the_laggard_gets_more_weight_and_the_sum_stays() -> None:
    system = System()
    losses = {"mel": (2.0, 0.5), "pitch": (1.0, 0.9), "duration": (0.5, -0.1)}
    told = Rebalance(strength=1.0)(controls(system), losses)
    weights = system.loss.weights
    assert weights["pitch"] / weights["mel"] == pytest.approx(0.1 * 0.9 / 0.25)
    assert weights["duration"] == 0.2
    after = weights["mel"] * 0.5 + weights["pitch"] * 0.9
    assert after == pytest.approx(1.0 * 0.5 + 0.1 * 0.9)
    assert "pitch 0.1 ->" in told


def test_dropout_stays_a_probability_and_none_stays_none() -> None:
    system = System()
    lever = controls(system)
    assert AddDropout(0.05)(lever, {}) == "dropout 0.100 -> 0.150"
    assert AddDropout(-0.5)(lever, {}) == "dropout 0.150 -> 0.000"
    assert system.none.p == 0.0
    resumed = System()
    again = TrainingControls()
    again.state |= {**lever.state, "dropout": 0.2}
    again.begin(None, resumed)  # type: ignore[arg-type]
    assert resumed.dropout.p == pytest.approx(0.3)


def test_wrong_settings_are_named() -> None:
    for make, said in (
        (lambda: Plateau(points=3), "points=3"),
        (lambda: DropRate(1.5), "factor=1.5"),
        (lambda: WarmRestart(0), "steps=0"),
    ):
        with pytest.raises(UserError, match=said):
            make()
    assert Stop is not None


def test_a_monitor_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"monitor=train/beauty is not among .* train/loss"):
        run(tmp_path, "callbacks.plateau.monitor=train/beauty")

"""Divergence: a loss that rises for good is noticed and acted on; quiet runs are left alone."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from fakes import compose_train, fake_overrides

from tts.callbacks.divergence import Divergence
from tts.callbacks.support.controlling import ControllingCallback
from tts.callbacks.support.divergence_detection import DivergenceDetector
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.training.run import train

STEP = np.arange(600)
FALLING = 0.5 + 4 * np.exp(-STEP / 100)
# means over ten steps of real runs of model/size=tiny with ten warm-up steps
RATE_1E3 = [3.92, 2.98, 2.64, 2.29, 2.02, 1.77, 1.57, 1.42, 1.36, 1.32, 1.31, 1.29]
RATE_1E1 = [47.9, 142.5, 152.9, 181.7, 177.2, 158.6, 78.1, 42.9, 19.1, 10.3, 7.7, 4.9]


def alarms(points: list[float], first: float, rates: list[float] | None = None) -> list[int]:
    """Return the numbers of the points at which the loss diverges."""
    detector = DivergenceDetector(0.1)
    detector.add(first, 1.0)
    rates = rates or [1.0] * len(points)
    pairs = zip(points, rates, strict=True)
    return [n for n, (point, rate) in enumerate(pairs, 1) if detector.add(point, rate)]


def points_of(losses: np.ndarray, noise: float, seed: int) -> list[float]:
    noisy = losses * (1 + noise * np.random.default_rng(seed).normal(size=len(losses)))
    return [float(each) for each in noisy.reshape(-1, 10).mean(1)]


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_a_falling_loss_and_a_flat_one_are_quiet(noise: float) -> None:
    for seed in range(5):
        assert alarms(points_of(FALLING, noise, seed), 4.5) == []
        assert alarms(points_of(np.full(600, 0.5), noise, seed), 0.5) == []
    assert alarms(RATE_1E3, 4.54) == []


def test_a_rising_loss_is_noticed_from_the_first_steps() -> None:
    assert alarms(RATE_1E1, 4.54)[0] == 3
    slowly = 3.5 + 0.8 * np.arange(110) / 110
    assert alarms(points_of(slowly, 0.02, 0), 3.5)[0] <= 11
    late = np.concatenate([FALLING, 0.51 * (1 + 0.01 * np.arange(100))])
    assert 60 < alarms(points_of(late, 0.02, 0), 4.5)[0] <= 70


def test_a_loss_that_recovers_from_a_divergence_is_quiet() -> None:
    points = [32377.0, 28969, 7545, 4039, 1615, 875, 544, 385, 290, 200, 150, 110, 60, 20, 6, 4, 3]
    assert alarms(points, 4.6, [0.3] * 3 + [0.09] * 14) == [3]
    assert alarms([*points[:6], *[875.0] * 11], 4.6)[:2] == [3, 8]


def test_one_outlier_and_a_restarted_rate_are_quiet() -> None:
    points = points_of(FALLING, 0.02, 0)
    points[40] = 50.0
    assert alarms(points, 4.5) == []
    restarted = [*points_of(FALLING, 0.02, 0), *points_of(0.7 * FALLING / FALLING, 0.02, 1)]
    rates = [*np.linspace(1, 0.01, 60), *[1.0] * 60]
    assert alarms(restarted, 4.5, rates) == []
    assert alarms(restarted, 4.5) != []


def test_a_divergence_that_goes_on_is_noticed_again_and_a_recovery_is_not() -> None:
    rise = [2.0, 1.0, 0.9, 0.9, 2.0, 3.0, 4.0]
    assert len(alarms([*rise, *[5.0] * 12], 2.0)) > 1
    assert len(alarms([*rise, 3.0, 2.5, 2.0, 1.5, 1.2, 1.0, 0.9, 0.8], 2.0)) == 1


def run(folder: Path, *more: str) -> dict[str, float]:
    keys = ("scheduler=constant", "scheduler.warmup_steps=0", "trainer.log_every_n_steps=1",
            "callbacks.bad_steps=null", "trainer.gradient_clip_val=null")  # fmt: skip
    return train(compose_train(*fake_overrides(folder, *keys, *more)))


def test_the_rate_is_lowered_and_said_and_at_last_the_run_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        metrics = run(tmp_path, "optimizer.lr=30", "trainer.max_steps=60",
                      "trainer.accumulate_grad_batches=2")  # fmt: skip
    [message, *_] = [r.getMessage() for r in caplog.records if "diverges" in r.getMessage()]
    assert message.startswith("step 31: the training diverges: its loss rose from ")
    assert message.endswith("; learning rate 30 -> 9 from here on")
    assert metrics["train/learning_rate"] in (9.0, pytest.approx(2.7))
    with pytest.raises(UserError, match=r"diverges: .*callbacks\.divergence=null"):
        run(tmp_path / "ends", "optimizer.lr=30", "callbacks.divergence.max_lowered=0",
            "trainer.max_steps=60")  # fmt: skip


def test_an_unfinished_point_of_several_ranks_is_resumed_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ControllingCallback, "on_train_start", lambda *_: None)
    saved = Divergence()
    saved._sum, saved._batches = 6.0, 3.0
    other = torch.tensor([5.0, 2.0])
    trainer: Any = SimpleNamespace(world_size=2, is_global_zero=False, strategy=SimpleNamespace(
        root_device=torch.device("cpu"), reduce=lambda own, reduce_op: own + other
    ))  # fmt: skip
    checkpoint: PlainData = {"callbacks": {saved.state_key: saved.state_dict()}}
    system: Any = SimpleNamespace(loss=SimpleNamespace(terms={}))
    saved.on_save_checkpoint(trainer, system, checkpoint)
    resumed = Divergence()
    resumed.load_state_dict(checkpoint["callbacks"][saved.state_key])
    assert (resumed._sum, resumed._batches) == (11.0, 5.0)
    resumed.on_train_start(trainer, system)  # of another rank than the first
    assert (resumed._sum, resumed._batches) == (0.0, 0.0)


def test_wrong_settings_are_rejected() -> None:
    with pytest.raises(UserError, match="factor=2"):
        Divergence(factor=2)

"""Metric history: a report however a run ends, in bounded memory, across resumes."""

import logging
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from fakes import compose_train, fake_overrides
from PIL import Image

from tts.callbacks.metric_history import MetricHistory
from tts.callbacks.progress import ProgressLine
from tts.callbacks.support.metric_curve import POINTS, MetricCurve
from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.training.run import train


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=size)


def test_a_curve_is_bounded_complete_and_resumes_from_a_checkpoint(tmp_path: Path) -> None:
    values = noise(10_001)
    full, cut = MetricCurve(20), MetricCurve(20)
    for step, value in enumerate(values.tolist()):
        if step == 5555:
            torch.save(cut.state_dict(), tmp_path / "state")
            cut = MetricCurve(20)
            cut.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
        full.add(step, value)
        cut.add(step, value)
    assert cut.points == full.points
    assert cut.statistics(False) == full.statistics(False)
    assert POINTS <= len(full.course) < 2 * POINTS
    steps, means = np.array(full.course).T
    covered = full.stride * len(means)
    assert means.mean() == pytest.approx(values[:covered].mean()), "every value counts once"
    assert np.allclose(np.diff(steps), full.stride)
    assert full.points[-1][0] > 10_000 - full.stride


def test_a_window_has_mean_std_and_trend_and_the_run_a_best() -> None:
    falling, flat = MetricCurve(20), MetricCurve(20)
    for step in range(100):
        falling.add(10 * step, 2 - 0.01 * step)
        flat.add(10 * step, 1 + 0.001 * noise(100)[step])
    flat.add(5000, math.nan)
    found = falling.statistics(higher_is_better=False)
    last = 2 - 0.01 * np.arange(80, 100)
    assert found["mean"] == pytest.approx(last.mean())
    assert found["std"] == pytest.approx(last.std())
    assert found["trend"] == pytest.approx(0.19 / np.median(last))
    assert (found["best"], found["best_at"]) == (pytest.approx(1.01), 990)
    higher = falling.statistics(higher_is_better=True)
    assert higher["trend"] == -found["trend"]
    assert (higher["best"], higher["best_at"]) == (2, 0)
    assert "best" not in falling.statistics(None)
    assert abs(flat.statistics(False)["trend"]) < 0.002
    assert math.isfinite(flat.statistics(False)["last"])


class RecordLosses(pl.Callback):
    """Records the loss of every second step, and fails at the step ``fail_at``."""

    losses: list[float]

    def __init__(self, fail_at: int = 0) -> None:
        self.fail_at = fail_at
        RecordLosses.losses = []

    def on_train_batch_end(self, trainer: Any, module: Any, *rest: Any) -> None:
        if trainer.global_step % 2 == 0:
            RecordLosses.losses.append(float(trainer.callback_metrics["train/loss"]))
        if trainer.global_step == self.fail_at:
            raise ZeroDivisionError("planted")


def run(folder: Path, *more: str, steps: int = 24, given: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the summary of a run, with the exception that ended it, if any."""
    overrides = fake_overrides(
        folder, "callbacks.metric_history.window=8", "trainer.log_every_n_steps=2",
        "trainer.val_check_interval=6", "scheduler=constant", f"trainer.max_steps={steps}", *more,
    )  # fmt: skip
    overrides.remove("callbacks.metric_history=null")
    summary: dict[str, Any] = {}
    try:
        train(compose_train(*overrides, *given), given, summary)
    except (SystemExit, ZeroDivisionError) as error:
        summary["ended"] = error
    return summary


RECORD = "+callbacks.record._target_=tests.callbacks.test_metric_history.RecordLosses"
SIGNAL = ("+callbacks.signal._target_=fakes.SendSignal", "+callbacks.signal.at=13")


def test_a_resumed_run_reports_as_an_uninterrupted_one(tmp_path: Path) -> None:
    from tests.callbacks.test_metric_history import (
        RecordLosses,
    )  # the class that the config instantiates

    summary = run(tmp_path / "full", RECORD)
    numbers = summary["numbers"]
    assert list(numbers)[:2] == ["train/loss", "val/loss"]
    assert numbers["train/loss"]["mean"] == pytest.approx(np.mean(RecordLosses.losses[-8:]))
    assert numbers["train/loss"]["best"] == pytest.approx(min(RecordLosses.losses))
    assert "best" not in numbers["train/learning_rate"]

    ended = run(tmp_path / "cut", *SIGNAL)
    assert isinstance(ended["ended"], SystemExit)
    assert (tmp_path / "cut/report.txt").read_text().startswith("13 of 24 steps in 0:00:")
    assert (tmp_path / "cut/report.png").is_file()
    given = (f"resume={tmp_path / 'cut'}", "+callbacks.signal=null")
    resumed = run(tmp_path / "cut", given=given)["numbers"]
    timed = ("speed/", "memory/")
    assert {n: v for n, v in resumed.items() if not n.startswith(timed)} == {
        n: v for n, v in numbers.items() if not n.startswith(timed)
    }
    report = (tmp_path / "cut/report.txt").read_text()
    assert report.startswith("24 steps in 0:00:")
    assert f"{numbers['val/loss']['last']:.4g}" in report
    picture = np.asarray(Image.open(tmp_path / "cut/report.png").convert("L"))
    assert picture.shape[1] >= 1200
    assert picture.std() > 5, "not an empty figure"
    curves = [
        load_checkpoint(tmp_path / f"{name}/checkpoints/last.ckpt")["callbacks"]["MetricHistory"]
        for name in ("full", "cut")
    ]
    assert torch.equal(*(c["curves"]["train/loss"]["course"] for c in curves))


def test_a_failed_run_is_reported_and_raises_its_own_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    summary = run(tmp_path / "one", RECORD, "+callbacks.record.fail_at=10")
    assert str(summary["ended"]) == "planted"
    assert summary["numbers"]["train/loss"]["last"] > 0
    assert (tmp_path / "one/report.txt").read_text().startswith("10 of 24 steps")
    assert "cannot write the report" not in caplog.text

    (tmp_path / "two/report.png").mkdir(parents=True)  # blocks the file
    with caplog.at_level(logging.WARNING):
        assert (
            str(run(tmp_path / "two", RECORD, "+callbacks.record.fail_at=4")["ended"]) == "planted"
        )
    assert "cannot write the report to" in caplog.text


def trainer_of(**changes: Any) -> Any:
    given = {"global_step": 10, "log_every_n_steps": 10, "is_global_zero": True, "max_steps": 20,
             "sanity_checking": False, "state": SimpleNamespace(fn="fit"),
             "strategy": SimpleNamespace(root_device=torch.device("cpu")), "callbacks": [],
             "logged_metrics": {}, "callback_metrics": {}}  # fmt: skip
    return SimpleNamespace(**{**given, **changes})


def test_only_new_measurements_count_and_only_the_first_rank_reports(
    tmp_path: Path,
) -> None:
    numbers = {"train/loss": torch.tensor(1.0), "val/loss": torch.tensor(2.0),
               "metrics/wer": torch.tensor(3.0)}  # fmt: skip
    trainer = trainer_of(logged_metrics=numbers)
    history, other = MetricHistory(tmp_path / "zero"), MetricHistory(tmp_path / "one")
    for _ in range(2):  # two batches of one step
        history.on_train_batch_end(trainer, None, None, None, 0)  # type: ignore[arg-type]
        history.on_validation_end(trainer, None)  # type: ignore[arg-type]
    history.on_validation_end(trainer_of(sanity_checking=True, logged_metrics=numbers), None)  # type: ignore[arg-type]
    counts = {name: len(curve.recent) for name, curve in history.curves.items()}
    assert counts == {"train/loss": 1, "val/loss": 2, "metrics/wer": 1}
    for number, each in enumerate((history, other)):
        rank = trainer_of(logged_metrics=numbers, is_global_zero=number == 0)
        each.on_validation_end(rank, None)  # type: ignore[arg-type]
        each.on_train_end(rank, None)  # type: ignore[arg-type]
    assert (tmp_path / "zero/report.txt").is_file()
    assert not (tmp_path / "one").exists()


def test_the_progress_line_has_the_mean_loss_of_the_window(tmp_path: Path) -> None:
    history = MetricHistory(tmp_path)
    trainer = trainer_of(callbacks=[history], callback_metrics={"train/loss": torch.tensor(9.0)})
    assert ProgressLine._numbers(trainer) == {"loss": 9.0}, "no history yet"
    history.curves["train/loss"] = MetricCurve(20)
    for value in (1.0, 2.0):
        history.curves["train/loss"].add(0, value)
    assert ProgressLine._numbers(trainer) == {"loss": 1.5}


def test_a_window_too_short_for_a_trend_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="window=3"):
        MetricHistory(tmp_path, window=3)

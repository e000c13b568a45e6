"""Order of a training's callbacks."""

from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
from fakes import composed

from tts.callbacks.graceful_stop import GracefulStop
from tts.training.callbacks import build_callbacks
from tts.training.optuna_trial import Trial, under_way

HANDLE: Any = SimpleNamespace(report=None, should_prune=None)


def names(*overrides: str) -> list[str]:
    config = composed("train", "run_dir=/nowhere", *overrides)
    return [type(callback).__name__ for callback in build_callbacks(config, GracefulStop())]


@pytest.mark.parametrize(
    ("choice", "clipping"),
    [("default", "global"), ("vocoder", "adaptive"), ("default", "per_parameter"),
     ("vocoder", "percentile")],
)  # fmt: skip
def test_clipping_precedes_the_bad_step_guard_and_follows_all_others(
    choice: str, clipping: str
) -> None:
    found = names(
        f"callbacks=[gradient_monitor,gradient_clipping_{clipping},bad_steps,{choice},ema,plateau]"
    )
    assert found[0] == "StepSeeds"
    assert found[-4:] == [
        "GradientClipping", "BadStepGuard", "RestoreOptimizerHyperparameters", "GracefulStop",
    ]  # fmt: skip
    assert found[1] == "GradientMonitor", "equal priorities keep the config's order"
    assert found[-6:-4] == ["EMAWeightAveraging", "Plateau"]


def test_the_default_order_is_that_of_the_config() -> None:
    assert names("trainer.compile=eager") == [
        "StepSeeds", "Checkpoints", "ProgressLine", "LearningRate", "Throughput", "Divergence",
        "MetricHistory", "Samples", "StyleSamples", "FreeRunning", "AlignmentAlarm",
        "ValidationMetrics", "BadStepGuard", "RestoreOptimizerHyperparameters", "GracefulStop",
        "EagerValidation",
    ]  # fmt: skip


def test_a_sweep_prunes_after_the_guard() -> None:
    with under_way(Trial(HANDLE, maximize=False)):
        found = names()
    assert found[-4:-2] == ["BadStepGuard", "Pruning"]


def test_a_callback_of_another_library_has_the_default_priority() -> None:
    found = names(
        "+callbacks.other._target_=lightning.pytorch.callbacks.Timer",
        "callbacks=gradient_clipping_global",
    )
    assert issubclass(pl.callbacks.Timer, pl.Callback)
    assert found.index("Timer") < found.index("GradientClipping")

"""Callback priority: the order in which the trainer calls callbacks."""

from pathlib import Path

import lightning.pytorch as pl

from tts.callbacks.bad_steps import BadStepGuard
from tts.callbacks.checkpoints import Checkpoints
from tts.callbacks.copy_synthesis import CopySynthesisSamples
from tts.callbacks.eager_validation import EagerValidation
from tts.callbacks.graceful_stop import GracefulStop
from tts.callbacks.gradient_clipping import GradientClipping
from tts.callbacks.gradient_monitor import GradientMonitor
from tts.callbacks.learning_rate import LearningRate
from tts.callbacks.metric_history import MetricHistory
from tts.callbacks.optimizer_hyperparameters import RestoreOptimizerHyperparameters
from tts.callbacks.plateau import Plateau
from tts.callbacks.progress import ProgressLine
from tts.callbacks.pruning import Pruning
from tts.callbacks.samples import Samples
from tts.callbacks.step_seeds import StepSeeds
from tts.callbacks.support.clipping_methods import GlobalNormClipping
from tts.callbacks.support.priority import sort_by_priority
from tts.callbacks.throughput import Throughput
from tts.callbacks.validation_metrics import ValidationMetrics


class UserCallback(pl.Callback):
    """Declares no priority."""


def test_callbacks_are_called_in_a_fixed_order_and_others_in_that_of_the_config() -> None:
    others = [
        Checkpoints("", None), ProgressLine(), UserCallback(), LearningRate(), Throughput(),
        MetricHistory(""), Samples(), CopySynthesisSamples(), ValidationMetrics({}, lambda: None),
        GradientMonitor(), Plateau(),
    ]  # fmt: skip
    guard, clipping = BadStepGuard(Path()), GradientClipping(GlobalNormClipping())
    pruning, restore = Pruning("", lambda value, step: False), RestoreOptimizerHyperparameters()
    seeds, stop, eager = StepSeeds(0), GracefulStop(), EagerValidation()
    ordered = [seeds, *others, clipping, guard, pruning, restore, stop, eager]
    assert (
        sort_by_priority([eager, stop, restore, pruning, guard, clipping, *others, seeds])
        == ordered
    )
    assert sort_by_priority([guard, *others[:4], clipping, *others[4:]]) == [
        *others, clipping, guard,
    ]  # fmt: skip
    assert sort_by_priority(reversed(others)) == others[::-1]

"""Results of a training: the last and best metric values, and their statistics."""

from collections.abc import Sequence

import lightning.pytorch as pl

from tts.callbacks.checkpoints import Checkpoints
from tts.callbacks.metric_history import MetricHistory


def history_statistics(callbacks: Sequence[pl.Callback]) -> dict[str, object]:
    """Return ``{"numbers": ...}``, the statistics of every metric, where they were kept."""
    histories = [each for each in callbacks if isinstance(each, MetricHistory)]
    return {"numbers": histories[-1].statistics()} if histories else {}


def final_metrics(trainer: pl.Trainer, callbacks: Sequence[pl.Callback]) -> dict[str, float]:
    """Return the last value of every metric, ``best/<monitor>`` and the steps taken."""
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    metrics["steps"] = trainer.global_step
    for each in _with_best(callbacks):
        metrics[f"best/{each.monitor}"] = each.best_value
    return metrics


def best_direction(callbacks: Sequence[pl.Callback]) -> dict[str, object]:
    """Return ``{"higher_is_better": ...}`` of the monitored metric, where it has a best value."""
    found = _with_best(callbacks)
    return {"higher_is_better": found[-1].higher_is_better} if found else {}


def _with_best(callbacks: Sequence[pl.Callback]) -> list[Checkpoints]:
    found = [each for each in callbacks if isinstance(each, Checkpoints)]
    return [each for each in found if each.best_score < float("inf")]

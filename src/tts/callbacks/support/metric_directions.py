"""Metric directions: for every metric of a run, whether higher is better."""

from typing import Protocol, runtime_checkable

import lightning.pytorch as pl

OF_STEPS = ("train/", "weight/")  # prefixes of what a training step logs


@runtime_checkable
class DeclaresMetrics(Protocol):
    """A system or callback that measures more than losses."""

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Whether higher is better, by logged name; None where the recording's value is best."""
        ...


def metric_directions(trainer: pl.Trainer) -> dict[str, bool | None]:
    """Return whether higher is better for each metric that the system and callbacks declare."""
    return _declared(trainer.lightning_module) | callback_directions(trainer)


def callback_directions(trainer: pl.Trainer) -> dict[str, bool | None]:
    """Return those of the callbacks, which need not measure in every validation."""
    directions: dict[str, bool | None] = {}
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    for callback in callbacks:
        directions |= _declared(callback)
    return directions


def monitors(trainer: pl.Trainer) -> list[str]:
    """Return the metrics that can pick a checkpoint, after a validation of ``trainer``.

    Those that it measured and those that callbacks measure now and then; a sanity check may lack
    some of the system's.
    """
    declared = callback_directions(trainer)
    if trainer.sanity_checking:
        declared |= _declared(trainer.lightning_module)
    names = {*trainer.callback_metrics, *declared}
    directions = metric_directions(trainer)
    return sorted(
        name
        for name in names
        if not name.startswith(OF_STEPS) and directions.get(name, False) is not None
    )


def _declared(part: object) -> dict[str, bool | None]:
    return part.metric_directions if isinstance(part, DeclaresMetrics) else {}

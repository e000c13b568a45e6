"""Metric directions: for every metric of a run, whether higher is better."""

from typing import Protocol, runtime_checkable

import lightning.pytorch as pl


@runtime_checkable
class DeclaresMetrics(Protocol):
    """A system or callback that measures more than losses."""

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Whether higher is better, by logged name; None where the recording's value is best."""
        ...


def metric_directions(trainer: pl.Trainer) -> dict[str, bool | None]:
    """Return whether higher is better for each metric that the system and callbacks declare."""
    directions: dict[str, bool | None] = {}
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    for part in (trainer.lightning_module, *callbacks):
        if isinstance(part, DeclaresMetrics):
            directions |= part.metric_directions
    return directions

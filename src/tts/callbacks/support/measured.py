"""Values of a validation metric, each read once: a metric is not measured in every validation."""

import lightning.pytorch as pl


class MeasuredMetric:
    """Reads ``name`` after a validation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._last: object = None  # trainer.callback_metrics keeps it until it is measured again

    def read(self, trainer: pl.Trainer) -> float | None:
        """Return the value; None where this validation did not measure it, or is none of a fit."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return None
        value = trainer.callback_metrics.get(self.name)
        if value is None or value is self._last:
            return None
        self._last = value
        return float(value)

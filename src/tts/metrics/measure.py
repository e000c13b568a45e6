"""What every metric is: a row of numbers per take, and what their mean over takes says."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.optional_packages import MissingPackageError, say_once

Row = Sequence[float]


class Measure(Metric):
    """A torchmetrics Metric whose ``update`` takes a :class:`EvaluationSample`; summed over ranks.

    A subclass gives :meth:`row`; a value is ``finish`` of the rows' mean. So a word error is the
    errors' mean over the words' mean, and an interval comes from drawing takes, whatever the
    measure. Values are in ``unit``; ``higher_is_better`` is None where the recording's is best.
    """

    label = ""  # for tables
    unit = ""  # of a value; "" = a number
    digits = 2  # worth showing
    width = 1  # numbers in a row
    full_state_update = False
    higher_is_better: bool | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.add_state("total", torch.zeros(self.width, dtype=torch.float64), "sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), "sum")
        self.total: Tensor
        self.count: Tensor

    def prepare(self, texts: Sequence[str]) -> None:
        """Told before the first take which texts there are, those of the corpus included."""

    def row(self, take: EvaluationSample) -> Row | None:
        """What a take adds; None where this cannot be measured of it."""
        raise NotImplementedError

    def finish(self, mean: np.ndarray) -> np.ndarray:
        """Mean rows ``(..., width)`` -> values ``(...)``."""
        return mean[..., 0]

    def update(self, take: EvaluationSample) -> None:
        row = measured(self, take)
        if row is not None:
            self.total += torch.tensor(row, dtype=torch.float64, device=self.total.device)
            self.count += 1

    def compute(self) -> Tensor:
        """The value over all takes so far, of every rank; nan where none could be measured."""
        if not self.count:
            return torch.tensor(torch.nan)
        mean = (self.total / self.count).cpu().numpy()
        return torch.tensor(float(self.finish(mean)))


def measured(measure: Measure, take: EvaluationSample) -> Row | None:
    """``measure.row(take)``; None, said once, where a package or its weights are not there."""
    try:
        row = measure.row(take)
    except MissingPackageError as error:
        say_once(f"{measure.label} is left out: {error}")
        return None
    return row if row is not None and np.isfinite(row).all() else None


def score(take: EvaluationSample, measures: Mapping[str, Measure]) -> dict[str, Row | None]:
    """Every measure's row of a take."""
    return {name: measured(measure, take) for name, measure in measures.items()}

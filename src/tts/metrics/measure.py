"""Base class of all metrics: statistics per utterance, and a value from their mean."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.optional_packages import MissingPackageError
from tts.warnings_once import warn_once

Statistics = Sequence[float]  # of one utterance


class Measure(Metric):
    """A torchmetrics Metric over :class:`EvaluationSample`, summed over ranks.

    A subclass implements :meth:`statistics`. The value is ``finalize(mean of the statistics)``: a
    corpus-level word error rate is mean errors over mean reference words, and every measure can be
    bootstrapped over utterances in the same way.
    """

    label = ""  # in tables
    unit = ""  # of the value; "" = dimensionless
    digits = 2  # after the decimal point, in tables
    num_statistics = 1  # per utterance
    full_state_update = False
    higher_is_better: bool | None = None  # None: the recordings' value is best

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.add_state("total", torch.zeros(self.num_statistics, dtype=torch.float64), "sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), "sum")
        self.total: Tensor
        self.count: Tensor

    def prepare(self, texts: Sequence[str]) -> None:
        """Receive all texts of the corpus and of the test set, before the first update."""

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        """Return the statistics of one sample; None where the measure does not apply to it."""
        raise NotImplementedError

    def finalize(self, mean: np.ndarray) -> np.ndarray:
        """Map mean statistics ``(..., num_statistics)`` to values ``(...)``."""
        return mean[..., 0]

    def update(self, sample: EvaluationSample) -> None:
        """Add one sample; a sample that cannot be measured does not count."""
        statistics = compute_statistics(self, sample)
        if statistics is not None:
            self.total += torch.tensor(statistics, dtype=torch.float64, device=self.total.device)
            self.count += 1

    def compute(self) -> Tensor:
        """Return the value over all samples of all ranks; NaN if there is none."""
        if not self.count:
            return torch.tensor(torch.nan)
        mean = (self.total / self.count).cpu().numpy()
        return torch.tensor(float(self.finalize(mean)))


def compute_statistics(measure: Measure, sample: EvaluationSample) -> Statistics | None:
    """Return ``measure.statistics(sample)``; None if NaN or infinite, or if a package is missing.

    A missing package is logged once.
    """
    try:
        statistics = measure.statistics(sample)
    except MissingPackageError as error:
        warn_once(f"{measure.label} is skipped: {error}")
        return None
    return statistics if statistics is not None and np.isfinite(statistics).all() else None


def score_sample(
    sample: EvaluationSample, measures: Mapping[str, Measure]
) -> dict[str, Statistics | None]:
    """Return the statistics of a sample by measure name."""
    return {name: compute_statistics(measure, sample) for name, measure in measures.items()}

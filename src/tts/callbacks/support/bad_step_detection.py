"""Bad step detection: NaN or infinite losses and gradients, and loss outliers."""

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from tts.plain_data import PlainData

MIN_LOSSES = 50  # before a loss can be an outlier


class BadStep(NamedTuple):
    """Why an optimizer step is bad."""

    reason: str
    culprit: int  # index of the backward pass that caused it; -1 = the last


class BadStepDetector:
    """Checks optimizer steps by their losses and gradient norm.

    A loss is an outlier when it lies more than ``outlier_threshold`` robust standard deviations
    (1.4826 median absolute deviations, Hampel 1974) above the median of the last ``window`` losses
    of the same optimizer. None: only NaN and infinite values are bad.
    """

    def __init__(self, outlier_threshold: float | None, window: int) -> None:
        self.outlier_threshold, self.window = outlier_threshold, window
        self.losses: list[deque[float]] = []  # of accepted backward passes, by optimizer

    def state_dict(self) -> PlainData:
        return {"losses": [list(losses) for losses in self.losses]}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self.losses = [deque(losses, self.window) for losses in state_dict["losses"]]

    def start(self, optimizers: int) -> None:
        """Prepare a history for each optimizer; loaded ones stay."""
        while len(self.losses) < optimizers:
            self.losses.append(deque(maxlen=self.window))

    def accept(self, losses: list[float], optimizer: int) -> None:
        """Remember the losses of a step that is taken."""
        self.losses[optimizer].extend(losses)

    def check(
        self, losses: list[float], gradient_norm: float, optimizer: int, amp_scale: float | None
    ) -> BadStep | None:
        """Return why the step is bad, or None. ``losses``: of its backward passes.

        The loss scaler skips an infinite gradient itself, as long as ``amp_scale`` is at least 1.
        """
        for number, loss in enumerate(losses):
            if not math.isfinite(loss):
                return BadStep(f"the loss is {loss}", number)
        if not math.isfinite(gradient_norm) and (amp_scale is None or amp_scale < 1):
            reason = f"the loss is {losses[-1]:.4g} and the gradient norm is {gradient_norm}"
            return BadStep(reason, -1)
        return self._outlier(losses, self.losses[optimizer])

    def _outlier(self, losses: list[float], known: deque[float]) -> BadStep | None:
        if self.outlier_threshold is None or len(known) < MIN_LOSSES:
            return None
        median = float(np.median(known))
        spread = 1.4826 * float(np.median(np.abs(np.asarray(known) - median)))
        worst = int(np.argmax(losses))
        deviations = (losses[worst] - median) / max(spread, 1e-3 * abs(median), 1e-12)
        if deviations <= self.outlier_threshold:
            return None
        reason = (
            f"the loss is {losses[worst]:.4g}, {deviations:.0f} robust deviations above the median "
            f"of the last {len(known)} losses, {median:.4g}"
        )
        return BadStep(reason, worst)

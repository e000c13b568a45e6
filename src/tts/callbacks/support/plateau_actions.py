"""Plateau actions: lower or restart the learning rate, rebalance losses, add dropout, stop."""

from collections.abc import Mapping
from typing import Annotated

from tts.bounds import Bound, Count, Factor, NonNegative, Positive
from tts.callbacks.support.training_controls import TrainingControls
from tts.errors import UserError

Losses = Mapping[str, tuple[float, float]]  # each loss at the start of the window, and now


class PlateauAction:
    """Changes a training through its controls, and returns what it did, for the log.

    ``losses``: of each term, the first value since the run or the last action, and the latest.
    """

    def __call__(self, controls: TrainingControls, losses: Losses) -> str:
        raise NotImplementedError


class LowerLearningRate(PlateauAction):
    """Multiplies the learning rate by ``factor``, for a minimum narrower than the steps."""

    def __init__(self, factor: Factor = 0.5) -> None:
        if not 0 < factor < 1:
            raise UserError(f"LowerLearningRate: factor={factor} must be between 0 and 1")
        self.factor = factor

    def __call__(self, controls: TrainingControls, losses: Losses) -> str:
        before, after = controls.scale_lr(self.factor)
        return f"learning rate {before:.3g} -> {after:.3g}"


class WarmRestart(PlateauAction):
    """Starts a half cosine of ``steps`` from ``peak_factor`` times the peak learning rate, to leave
    a poor minimum (Loshchilov & Hutter 2017). Where the schedule is higher, the schedule counts.
    """

    def __init__(self, steps: Count = 1000, peak_factor: Positive = 1.0) -> None:
        if steps < 1 or peak_factor <= 0:
            raise UserError(
                f"WarmRestart: steps={steps} and peak_factor={peak_factor} must be above 0"
            )
        self.steps, self.peak_factor = steps, peak_factor

    def __call__(self, controls: TrainingControls, losses: Losses) -> str:
        before, after = controls.restart_lr(self.steps, self.peak_factor)
        if after <= before:
            return (
                f"warm restart: the learning rate {before:.3g} is as high as "
                f"peak_factor={self.peak_factor:g} of the peak, and stays"
            )
        return f"warm restart: learning rate {before:.3g} -> {after:.3g}, over {self.steps} steps"


class RebalanceLosses(PlateauAction):
    """Raises the weights of the losses that fell least, by their ratios to the power ``strength``.

    The inverse training rates of GradNorm (Chen et al. 2018, section 3.1), from the losses alone.
    The sum of the weighted losses stays the same. A term that is not above 0 keeps its weight.
    """

    def __init__(self, strength: NonNegative = 0.5) -> None:
        self.strength = strength

    def __call__(self, controls: TrainingControls, losses: Losses) -> str:
        weights = controls.weights
        usable = {n: (a, b) for n, (a, b) in losses.items() if a > 0 and b > 0 and weights.get(n)}
        if len(usable) < 2:
            return "loss weights unchanged: fewer than two losses can be balanced"
        left = {name: now / then for name, (then, now) in usable.items()}
        mean = sum(left.values()) / len(left)
        raised = {n: weights[n] * (left[n] / mean) ** self.strength for n in usable}
        before = sum(weights[n] * now for n, (_, now) in usable.items())
        after = sum(raised[n] * now for n, (_, now) in usable.items())
        raised = {name: weight * before / after for name, weight in raised.items()}
        controls.set_weights(weights | raised)
        changes = ", ".join(f"{n} {weights[n]:.3g} -> {w:.3g}" for n, w in raised.items())
        return f"loss weights: {changes}"


class AddDropout(PlateauAction):
    """Adds ``change`` to every dropout probability above 0; negative for a model that underfits."""

    def __init__(self, change: Annotated[float, Bound(above=-1, below=1)] = 0.05) -> None:
        self.change = change

    def __call__(self, controls: TrainingControls, losses: Losses) -> str:
        before, after = controls.add_dropout(self.change)
        return f"dropout {before:.3f} -> {after:.3f}"


class StopTraining(PlateauAction):
    """Ends the run after the current step, with a checkpoint."""

    def __call__(self, controls: TrainingControls, losses: Losses) -> str:
        controls.stop()
        return "the run ends"

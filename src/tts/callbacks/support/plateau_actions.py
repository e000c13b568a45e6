"""What a plateau is answered with. Each is called with the controls and says in words what it did."""

from collections.abc import Mapping

from tts.callbacks.support.training_controls import TrainingControls
from tts.errors import UserError


class PlateauAction:
    """``losses``: each term as it was when the run, or the last move, was young, and as it is."""

    def __call__(
        self, controls: TrainingControls, losses: Mapping[str, tuple[float, float]]
    ) -> str:
        raise NotImplementedError


class DropRate(PlateauAction):
    """Multiply the learning rate by ``factor``: the valley may be narrower than the step."""

    def __init__(self, factor: float = 0.5) -> None:
        if not 0 < factor < 1:
            raise UserError(f"DropRate: factor={factor} must lie between 0 and 1")
        self.factor = factor

    def __call__(
        self, controls: TrainingControls, losses: Mapping[str, tuple[float, float]]
    ) -> str:
        before, after = controls.scale_rate(self.factor)
        return f"learning rate {before:.3g} -> {after:.3g}"


class WarmRestart(PlateauAction):
    """A half cosine of ``steps`` down from ``peak_factor`` times the peak rate, to leave a bad valley.

    Where the schedule is higher, the schedule counts (Loshchilov & Hutter 2017).
    """

    def __init__(self, steps: int = 1000, peak_factor: float = 1.0) -> None:
        if steps < 1 or peak_factor <= 0:
            raise UserError(
                f"WarmRestart: steps={steps} and peak_factor={peak_factor} must be above 0"
            )
        self.steps, self.peak_factor = steps, peak_factor

    def __call__(
        self, controls: TrainingControls, losses: Mapping[str, tuple[float, float]]
    ) -> str:
        before, after = controls.restart_rate(self.steps, self.peak_factor)
        return f"warm restart: learning rate {before:.3g} -> {after:.3g}, over {self.steps} steps"


class Rebalance(PlateauAction):
    """More weight to the losses that fell least, in their proportion to the power ``strength``.

    The inverse training rates of GradNorm (Chen et al. 2018, section 3.1), from the losses alone;
    the sum of the weighted losses stays what it is. A term that is not above 0 keeps its weight.
    """

    def __init__(self, strength: float = 0.5) -> None:
        self.strength = strength

    def __call__(
        self, controls: TrainingControls, losses: Mapping[str, tuple[float, float]]
    ) -> str:
        weights = controls.weights
        usable = {n: (a, b) for n, (a, b) in losses.items() if a > 0 and b > 0 and weights.get(n)}
        if len(usable) < 2:
            return "loss weights kept: there are no two losses to balance"
        left = {name: now / then for name, (then, now) in usable.items()}
        mean = sum(left.values()) / len(left)
        raised = {n: weights[n] * (left[n] / mean) ** self.strength for n in usable}
        before = sum(weights[n] * now for n, (_, now) in usable.items())
        after = sum(raised[n] * now for n, (_, now) in usable.items())
        raised = {name: weight * before / after for name, weight in raised.items()}
        controls.reweigh(weights | raised)
        changes = ", ".join(f"{n} {weights[n]:.3g} -> {w:.3g}" for n, w in raised.items())
        return f"loss weights: {changes}"


class AddDropout(PlateauAction):
    """Add ``change`` to every dropout there is; below 0 takes away, for a model held too short."""

    def __init__(self, change: float = 0.05) -> None:
        self.change = change

    def __call__(
        self, controls: TrainingControls, losses: Mapping[str, tuple[float, float]]
    ) -> str:
        before, after = controls.add_dropout(self.change)
        return f"dropout {before:.3f} -> {after:.3f}"


class Stop(PlateauAction):
    """End the run after this step, saved."""

    def __call__(
        self, controls: TrainingControls, losses: Mapping[str, tuple[float, float]]
    ) -> str:
        controls.stop()
        return "the run ends"

"""Gradient diagnosis: layers whose gradient explodes, vanishes, is missing or is not finite."""

import math
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tts.callbacks.support.layer_gradients import LayerGradient
from tts.plain_data import PlainData

HISTORY = 50  # norms of a layer to compare with


class Fault(NamedTuple):
    """What is wrong with a layer."""

    kind: str  # "" if nothing is
    text: str


NO_FAULT = Fault("", "")


class GradientDiagnosis:
    """Compares each layer's gradient with its own history and with the other layers.

    ``explode_factor``: a layer explodes at that many times the median of its norms and vanishes at
    the median divided by it, or, per entry, at the median layer's divided by its square.
    ``patience``: checks in a row without a gradient, and norms to know before comparing.
    """

    def __init__(self, explode_factor: float, patience: int) -> None:
        self.explode_factor, self.patience = explode_factor, patience
        self._norms: dict[str, deque[float]] = {}
        self._missing: dict[str, int] = {}  # checks in a row without a gradient
        self._reported: dict[str, str] = {}  # kind of the last fault, by subject

    def state_dict(self) -> PlainData:
        return {
            "norms": {name: list(values) for name, values in self._norms.items()},
            "missing": self._missing, "reported": self._reported,
        }  # fmt: skip

    def load_state_dict(self, state_dict: PlainData) -> None:
        norms = state_dict["norms"]
        self._norms = {name: deque(values, HISTORY) for name, values in norms.items()}
        self._missing = dict(state_dict["missing"])
        self._reported = dict(state_dict["reported"])

    def check(self, gradients: Mapping[str, LayerGradient]) -> dict[str, Fault]:
        """Return the fault of every layer, ``NO_FAULT`` for most."""
        usual = [g.rms for g in gradients.values() if g.norm > 0 and math.isfinite(g.norm)]
        median_rms = float(np.median(usual)) if usual else 0.0
        return {name: self._check(name, g, median_rms) for name, g in gradients.items()}

    def remember(self, gradients: Mapping[str, LayerGradient]) -> None:
        """Add the finite norms to the layers' history."""
        for name, g in gradients.items():
            if math.isfinite(g.norm) and g.norm > 0:
                self._norms.setdefault(name, deque(maxlen=HISTORY)).append(g.norm)

    def begins(self, subject: str, fault: Fault) -> bool:
        """Return whether the fault is new to the subject, and remember it."""
        known = self._reported.get(subject, "")
        self._reported[subject] = fault.kind
        return fault.kind not in ("", known)

    def _check(self, name: str, g: LayerGradient, median_rms: float) -> Fault:
        if g.non_finite_share > 0 or not math.isfinite(g.norm):
            share = 100 * g.non_finite_share
            return Fault("non_finite", f"{name}: {share:.3g} % of its gradient is NaN or infinite")
        self._missing[name] = self._missing.get(name, 0) + 1 if g.norm == 0 else 0
        if self._missing[name] >= self.patience:
            text = f"{name} has no gradient: it is unused, detached, or multiplied by 0"
            return Fault("missing", text)
        history = self._norms.get(name, ())
        if g.norm == 0 or len(history) < self.patience:
            return NO_FAULT
        own = float(np.median(history))
        norm = f"its gradient norm is {g.norm:.3g}"
        if g.norm > self.explode_factor * own:
            text = f"{name} explodes: {norm}, {g.norm / own:.0f} times its median"
            return Fault("explodes", text)
        if g.norm < own / self.explode_factor:
            text = f"{name} vanishes: {norm}, {own / g.norm:.0f} times below its median"
            return Fault("vanishes", text)
        if g.rms < median_rms / self.explode_factor**2:
            times = median_rms / g.rms
            text = f"{name} vanishes: {norm}, per entry {times:.0f} times below the median layer's"
            return Fault("small", text)
        return NO_FAULT

"""The total loss as a weighted sum over names, one line of config each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from tts.errors import UserError


class LossResult(NamedTuple):
    """The number to descend, and each term unweighted, for the log."""

    total: Tensor
    terms: dict[str, Tensor]


class WeightedLoss(nn.Module):
    """Sum of ``weights[name] * terms[name](output, batch)``.

    ``ramps[name] = (start, end)`` raises a weight linearly from 0 at optimizer step ``start`` to
    its full value at ``end``. A term that returns None does not apply to this output and is left
    out; a weight of 0 leaves its term uncomputed.
    """

    def __init__(
        self,
        terms: Mapping[str, nn.Module],
        weights: Mapping[str, float],
        ramps: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        super().__init__()
        ramps = ramps or {}
        for option, names in (("weights", set(weights)), ("ramps", set(ramps))):
            if unknown := sorted(names - set(terms)):
                raise UserError(f"loss.{option} names {unknown}, the terms are {sorted(terms)}")
        if missing := sorted(set(terms) - set(weights)):
            raise UserError(f"loss.weights lacks {missing}: give each term a weight, 0 = left out")
        self.terms = nn.ModuleDict({name: terms[name] for name in terms if weights[name] != 0})
        self.weights = dict(weights)
        self.ramps = {name: tuple(ramp) for name, ramp in ramps.items()}

    def weight(self, name: str, step: int) -> float:
        """The weight of a term at an optimizer step."""
        if name not in self.ramps:
            return self.weights[name]
        start, end = self.ramps[name]
        return self.weights[name] * min(max((step - start) / max(end - start, 1), 0.0), 1.0)

    def forward(self, output: Any, batch: Any, step: int) -> LossResult:
        terms: dict[str, Tensor] = {}
        total: Tensor | None = None
        for name, term in self.terms.items():
            value = term(output, batch)
            if value is None:
                continue
            terms[name] = value.detach()
            weighted = self.weight(name, step) * value
            total = weighted if total is None else total + weighted
        if total is None:
            raise UserError("no loss term applies: every weight in loss.weights is 0")
        return LossResult(total, terms)

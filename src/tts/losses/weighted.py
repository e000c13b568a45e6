"""The total loss as a weighted sum over names, one line of config each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from tts.errors import UserError
from tts.losses.balance import Balance


class LossResult(NamedTuple):
    """The number to descend, and what the log is told: all of it detached."""

    total: Tensor
    value: Tensor  # the total by the fixed weights, comparable whatever the balance
    terms: dict[str, Tensor]  # unweighted
    weights: dict[str, Tensor]  # by now, ramps and all; empty where nothing adapts them

    def named(self, part: str) -> dict[str, Tensor]:
        """``<part>/loss``, ``<part>/<term>`` and ``weight/<term>``."""
        return {
            f"{part}/loss": self.value,
            **{f"{part}/{name}": value for name, value in self.terms.items()},
            **{f"weight/{name}": weight for name, weight in self.weights.items()},
        }


class WeightedLoss(nn.Module):
    """Sum of ``weights[name] * terms[name](output, batch)``.

    ``ramps[name] = (start, end)`` raises a weight linearly from 0 at optimizer step ``start`` to
    its full value at ``end``. A term that returns None does not apply to this output and is left
    out; a weight of 0 leaves its term uncomputed. ``balance(terms)`` makes what adapts the weights
    while training (None: they stay what they are); validation always counts by the fixed ones.
    """

    def __init__(
        self,
        terms: Mapping[str, nn.Module],
        weights: Mapping[str, float],
        ramps: Mapping[str, tuple[int, int]] | None = None,
        balance: Callable[..., Balance] | None = None,
    ) -> None:
        super().__init__()
        ramps = ramps or {}
        for option, names in (("weights", set(weights)), ("ramps", set(ramps))):
            if unknown := sorted(names - set(terms)):
                raise UserError(
                    f"model.loss.{option} names {unknown}, the terms are {sorted(terms)}"
                )
        if missing := sorted(set(terms) - set(weights)):
            raise UserError(
                f"model.loss.weights lacks {missing}: give each term a weight, 0 = left out"
            )
        self.terms = nn.ModuleDict({name: terms[name] for name in terms if weights[name] != 0})
        self.weights = dict(weights)
        self.ramps = {name: tuple(ramp) for name, ramp in ramps.items()}
        self.balance = balance(dict(self.terms.items())) if balance is not None else None

    def attach(self, model: nn.Module) -> None:
        """Tell the balance which model the losses are of."""
        if self.balance is not None:
            self.balance.attach(model)

    def ramp(self, name: str, step: int) -> float:
        """The share of a term's weight that its ramp lets through at an optimizer step."""
        if name not in self.ramps:
            return 1.0
        start, end = self.ramps[name]
        return min(max((step - start) / max(end - start, 1), 0.0), 1.0)

    def weight(self, name: str, step: int) -> float:
        """The fixed weight of a term at an optimizer step."""
        return self.weights[name] * self.ramp(name, step)

    def forward(self, output: Any, batch: Any, step: int) -> LossResult:
        values: dict[str, Tensor] = {}
        total: Tensor | None = None
        for name, term in self.terms.items():
            value = term(output, batch)
            if value is None:
                continue
            values[name] = value
            weighted = self.weight(name, step) * value
            total = weighted if total is None else total + weighted
        if total is None:
            raise UserError("no loss term applies: every weight in model.loss.weights is 0")
        terms = {name: value.detach() for name, value in values.items()}
        fixed = LossResult(total, total.detach(), terms, {})
        if self.balance is None or not self.training:
            return fixed
        ramps = {name: self.ramp(name, step) for name in self.terms}
        balanced, factors = self.balance(values, self.weights, ramps, step)
        weights = {
            name: self.weight(name, step) * factor
            for name, factor in zip(self.balance.names, factors, strict=True)
            if name in values
        }
        return fixed._replace(total=balanced, weights=weights)

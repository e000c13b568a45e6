"""Total loss as a weighted sum of named terms."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from tts.bounds import NonNegative, Steps
from tts.errors import UserError
from tts.losses.adversarial import AdversarialOutput, AdversarialTerm
from tts.losses.balance import Balance
from tts.losses.term import LossTerm
from tts.plain_data import quoted


class LossResult(NamedTuple):
    """The total to minimize, and detached values for the log."""

    total: Tensor
    value: Tensor  # the total under the fixed weights, comparable whatever the balance
    terms: dict[str, Tensor]  # unweighted
    weights: dict[str, Tensor]  # current, ramps included; empty unless a balance adapts them

    def named(self, part: str) -> dict[str, Tensor]:
        """Return ``<part>/loss``, ``<part>/<term>`` and ``weight/<term>``."""
        return {
            f"{part}/loss": self.value,
            **{f"{part}/{name}": value for name, value in self.terms.items()},
            **{f"weight/{name}": weight for name, weight in self.weights.items()},
        }


class WeightedLoss(nn.Module):
    """``sum(weights[name] * ramp(name, step) * terms[name](output, batch))``.

    ``ramps[name] = (start, end)`` raises a weight linearly from 0 at optimizer step ``start`` to
    its full value at ``end``; ``decays[name]`` lowers it from its full value to 0 in the same way.
    A term that returns None does not apply to this output and is left out, like an
    :class:`AdversarialTerm` while there is no discriminator output; a term of weight 0 is not
    computed. ``balance(terms)`` returns the module that adapts the weights during training
    (None: fixed weights); validation always uses the fixed weights.
    Raises UserError when ``weights`` and ``terms`` do not name the same terms, or ``ramps`` or
    ``decays`` names an unknown one or ends before it starts.
    """

    def __init__(
        self,
        terms: Mapping[str, nn.Module],
        weights: Mapping[str, NonNegative],
        ramps: Mapping[str, tuple[Steps, Steps]] | None = None,
        balance: Callable[..., Balance] | None = None,
        decays: Mapping[str, tuple[Steps, Steps]] | None = None,
    ) -> None:
        super().__init__()
        ramps, decays = ramps or {}, decays or {}
        named = (("weights", set(weights)), ("ramps", set(ramps)), ("decays", set(decays)))
        for option, names in named:
            if unknown := sorted(names - set(terms)):
                raise UserError(
                    f"model.loss.{option} names unknown terms: {', '.join(unknown)}; choose from "
                    f"{', '.join(sorted(terms))}"
                )
        for option, spans in (("ramps", ramps), ("decays", decays)):
            for name, (start, end) in spans.items():
                if end < start:
                    raise UserError(
                        f"model.loss.{option}.{name}=[{start},{end}] must end at or after its start"
                    )
        if missing := sorted(set(terms) - set(weights)):
            raise UserError(
                f"model.loss.weights lacks {', '.join(missing)}: give each term a weight, 0 "
                "to leave it out"
            )
        self.terms = nn.ModuleDict({name: terms[name] for name in terms if weights[name] != 0})
        self.weights = dict(weights)
        self.ramps = {name: tuple(ramp) for name, ramp in ramps.items()}
        self.decays = {name: tuple(decay) for name, decay in decays.items()}
        self.balance = balance(dict(self.terms.items())) if balance is not None else None

    def attach(self, model: nn.Module) -> None:
        """Give the balance and the terms the model that the loss trains."""
        for term in self.terms.values():
            if isinstance(term, LossTerm):
                term.attach(model)
        if self.balance is not None:
            self.balance.attach(model)

    def ramp(self, name: str, step: int) -> float:
        """Return the factor in [0, 1] of a term's weight at an optimizer step."""
        factor = 1.0
        if name in self.ramps:
            factor = _share(step, self.ramps[name])
        if name in self.decays:
            factor *= 1.0 - _share(step, self.decays[name])
        return factor

    def weight(self, name: str, step: int) -> float:
        """Return the fixed weight of a term at an optimizer step, ramp included."""
        return self.weights[name] * self.ramp(name, step)

    def forward(
        self,
        output: object,
        batch: object,
        step: int,
        adversarial: AdversarialOutput | None = None,
    ) -> LossResult:
        """Compute every term that applies.

        ``output``: the model's, ``batch``: what it was computed from, ``step``: optimizer step,
        ``adversarial``: the discriminators' outputs, None while there are none.
        Raises UserError when no term applies.
        """
        values: dict[str, Tensor] = {}
        total: Tensor | None = None
        for name, term in self.terms.items():
            if isinstance(term, AdversarialTerm):
                value = None if adversarial is None else term(adversarial)
            elif self.training and _skipped_at_zero(term) and not self.weight(name, step):
                continue
            else:
                value = term(output, batch)
            if value is None:
                continue
            _require_scalar(value, name, term)
            values[name] = value
            weighted = self.weight(name, step) * value
            total = weighted if total is None else total + weighted
        if total is None:
            raise UserError(
                "no loss term applies to this model's output: set a weight above 0 in "
                "model.loss.weights"
            )
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


def _skipped_at_zero(term: nn.Module) -> bool:
    return isinstance(term, LossTerm) and term.skipped_at_zero


def _require_scalar(value: object, name: str, term: nn.Module) -> None:
    """Raise UserError for a term's value that cannot be summed with others."""
    if not isinstance(value, Tensor) or value.ndim:
        shape = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else quoted(value)
        raise UserError(
            f"model.loss.terms.{name}: {type(term).__qualname__} returned {shape}; return a scalar "
            "tensor (a mean over the batch), or None where the term does not apply"
        )


def _share(step: int, span: tuple[int, ...]) -> float:
    """Return how much of a span of steps is over, 0 to 1."""
    start, end = span
    return min(max((step - start) / max(end - start, 1), 0.0), 1.0)

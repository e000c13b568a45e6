"""Loss weights that adapt themselves; ``model.loss.weights`` are where they start."""

from collections.abc import Mapping

import torch
import torch.distributed as dist
from torch import Tensor, nn

from tts.errors import UserError


class Balance(nn.Module):
    """A factor for each term's weight, 1 at first.

    ``forward(values, weights, ramps, step)``: each term's value, its weight in the config and the
    share of it that a ramp lets through by now -> the number to descend, and the factors ``(N,)``
    in the order of ``names``. Values of terms with ``exclude_from_balancing`` are nats of a likelihood, which
    has its noise in it already, or a game's score: no noise and no progress are read from them.
    """

    def __init__(self, terms: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.names = list(terms)
        self.exclude_from_balancing = [
            bool(getattr(term, "exclude_from_balancing", False)) for term in terms.values()
        ]

    def attach(self, model: nn.Module) -> None:
        """Told once which model the losses are of."""

    def forward(
        self,
        values: Mapping[str, Tensor],
        weights: Mapping[str, float],
        ramps: Mapping[str, float],
        step: int,
    ) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class Uncertainty(Balance):
    """Homoscedastic uncertainty (Kendall, Gal & Cipolla 2018, section 3.2): each term costs
    ``exp(-s) weight value + s``, whose s is trained beside the model.

    That is a Laplace distribution's likelihood, and twice a Gaussian's, whose log-variance s then
    is; it is least at ``s = ln(weight * value)``, where every term's share is 1. A term with
    ``exclude_from_balancing`` keeps its weight. So does, for that step, one that is not above 0, since no s
    would be the least. A ramp holds back a term and its s alike.
    """

    def __init__(self, terms: Mapping[str, nn.Module]) -> None:
        super().__init__(terms)
        # one vector: DDP asks for a gradient of each parameter, and not every term always applies
        self.log_variance = nn.Parameter(torch.zeros(len(self.names)))

    def forward(
        self,
        values: Mapping[str, Tensor],
        weights: Mapping[str, float],
        ramps: Mapping[str, float],
        step: int,
    ) -> tuple[Tensor, Tensor]:
        total = 0.0 * self.log_variance.sum()
        for name, s, exclude_from_balancing in zip(
            self.names, self.log_variance, self.exclude_from_balancing, strict=True
        ):
            if name not in values:
                continue
            weighted = weights[name] * values[name]
            if not exclude_from_balancing:
                s = torch.where(weighted.detach() > 0, s, s.detach())
                weighted = (-s).exp() * weighted + s
            total = total + ramps[name] * weighted
        return total, (-self.log_variance.detach()).exp()


class GradNorm(Balance):
    """Gradients of the terms as long as each other where they meet (Chen et al. 2018).

    They meet at the last matrix of the part ``shared`` of the model, W. Every ``every_n_steps`` the
    factors go the share ``rate`` of the way (in logarithms) to where the norms are
    ``|weight factor dL/dW| ~ r^alpha``, with r the term's inverse training rate: its loss as a
    share of its first one, over the mean of these (section 3.1); ``alpha`` 0 asks for equal norms.
    The paper takes steps of gradient descent on the factors and keeps their sum; here the sum of
    the norms stays what ``model.loss.weights`` make it, so that a learning rate keeps its meaning.
    A term that does not pass through W keeps its weight; one that is not above 0, or has
    ``exclude_from_balancing``, counts as average in its progress. Norms are means over all ranks.
    """

    log_factor: Tensor  # (N,)
    first: Tensor  # (N,) the losses r is measured by; 0 before

    def __init__(
        self,
        terms: Mapping[str, nn.Module],
        shared: str,
        alpha: float = 0.5,
        rate: float = 0.1,
        every_n_steps: int = 20,
    ) -> None:
        super().__init__(terms)
        if every_n_steps < 1 or not 0 < rate <= 1:
            raise UserError(
                f"model.balance: every_n_steps={every_n_steps} must be above 0 and rate={rate} in "
                "(0, 1]"
            )
        self.shared, self.alpha, self.rate = shared, alpha, rate
        self.every_n_steps = every_n_steps
        self.register_buffer("log_factor", torch.zeros(len(self.names)))
        self.register_buffer("first", torch.zeros(len(self.names)))
        self._matrix: tuple[nn.Parameter, ...] = ()  # a tuple: it is the model's to save
        self._looked = -1  # the step of the last look

    def attach(self, model: nn.Module) -> None:
        part = dict(model.named_modules()).get(self.shared, nn.Module())
        self._matrix = tuple(p for p in part.parameters() if p.ndim >= 2)[-1:]
        if not self._matrix:
            parts = ", ".join(name for name, _ in model.named_children())
            raise UserError(
                f"model.balance.shared={self.shared} is no part of the model with a matrix in it; "
                f"its parts are {parts}"
            )

    def forward(
        self,
        values: Mapping[str, Tensor],
        weights: Mapping[str, float],
        ramps: Mapping[str, float],
        step: int,
    ) -> tuple[Tensor, Tensor]:
        due = step % self.every_n_steps == 0 and step != self._looked  # once if accumulating
        if due and torch.is_grad_enabled():
            self._looked = step
            self._look({n: v for n, v in values.items() if ramps[n] > 0}, weights)
        factors = self.log_factor.exp()
        total = sum(
            ramps[name] * weights[name] * factor * values[name]
            for name, factor in zip(self.names, factors, strict=True)
            if name in values
        )
        assert isinstance(total, Tensor)
        return total, factors

    def _look(self, values: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
        norm, loss = self._measure(values)
        active = (norm > 0) & torch.isfinite(norm.sum() + loss.sum())
        self.first = torch.where(active & (self.first == 0), loss, self.first)
        own = torch.tensor(self.exclude_from_balancing, device=norm.device)
        known = active & ~own & (loss > 0) & (self.first > 0)
        left = torch.where(known, loss / self.first, 0.0)
        r = torch.where(known, left / (left.sum() / known.sum().clamp(min=1)), 1.0)
        pull = torch.where(active, r**self.alpha, 0.0)
        fixed = norm * torch.tensor([abs(weights[name]) for name in self.names]).to(norm)
        wanted = (torch.where(active, fixed, 0.0).sum() * pull / pull.sum() / fixed).log()
        nearer = torch.lerp(self.log_factor, wanted.to(self.log_factor), self.rate)
        self.log_factor = torch.where(active, nearer, self.log_factor)

    def _measure(self, values: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Gradient norm and value of each term, 0 where there is none: ``(N,)`` each."""
        if not self._matrix[0].requires_grad:
            raise UserError(
                f"model.balance.shared={self.shared} is frozen: name a part that learns"
            )
        table = torch.zeros(3, len(self.names), device=self.log_factor.device)
        for column, name in enumerate(self.names):
            if name not in values or not values[name].requires_grad:
                continue
            [gradient] = torch.autograd.grad(
                values[name], self._matrix, retain_graph=True, allow_unused=True
            )
            if gradient is not None:
                numbers = (gradient.float().norm(), values[name].detach().float())
                table[:, column] = torch.stack([*numbers, torch.ones_like(numbers[0])])
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(table)
        norm, loss = table[:2] / table[2].clamp(min=1)
        return norm, loss

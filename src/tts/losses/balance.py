"""Adaptive loss weights: homoscedastic uncertainty and GradNorm."""

from collections.abc import Mapping

import torch
import torch.distributed as dist
from torch import Tensor, nn

from tts.bounds import Count, NonNegative, PositiveShare
from tts.errors import UserError
from tts.losses.term import LossTerm


class Balance(nn.Module):
    """Multiplies each term's weight by a factor that adapts during training, 1 at first.

    A term with a true ``exclude_from_balancing`` has a value that measures neither noise nor
    progress (:class:`~tts.losses.term.LossTerm`).
    """

    def __init__(self, terms: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.names = list(terms)
        self.exclude_from_balancing = [
            isinstance(term, LossTerm) and term.exclude_from_balancing for term in terms.values()
        ]

    def attach(self, model: nn.Module) -> None:
        """Receive the model that the losses train; called once, before training."""

    def forward(
        self,
        values: Mapping[str, Tensor],
        weights: Mapping[str, float],
        ramps: Mapping[str, float],
        step: int,
    ) -> tuple[Tensor, Tensor]:
        """Return the total to minimize and the factors ``(N,)`` in the order of ``names``.

        By the terms' names: ``values`` (scalars; a term that does not apply is absent), the fixed
        ``weights`` of the config and the ``ramps`` in [0, 1]. ``step``: optimizer step.
        """
        raise NotImplementedError


class Uncertainty(Balance):
    """Homoscedastic uncertainty (Kendall, Gal & Cipolla 2018, section 3.2).

    The loss of a term is ``exp(-s) * weight * value + s`` with a trained log-variance ``s``: the
    negative log-likelihood of a Laplace distribution, or twice that of a Gaussian. Its minimum is
    at ``s = ln(weight * value)``, where the weighted term is 1. A term with
    ``exclude_from_balancing`` keeps its weight; so does a term whose value is not above 0, for that
    step, as it has no such minimum. A ramp multiplies the term and its ``s``.
    """

    def __init__(self, terms: Mapping[str, nn.Module]) -> None:
        super().__init__(terms)
        # one vector, because DDP needs a gradient for each parameter at each step
        self.log_variance = nn.Parameter(torch.zeros(len(self.names)))

    def forward(
        self,
        values: Mapping[str, Tensor],
        weights: Mapping[str, float],
        ramps: Mapping[str, float],
        step: int,
    ) -> tuple[Tensor, Tensor]:
        total = 0.0 * self.log_variance.sum()
        terms = zip(self.names, self.log_variance, self.exclude_from_balancing, strict=True)
        for name, s, excluded in terms:
            if name not in values:
                continue
            weighted = weights[name] * values[name]
            if not excluded:
                s = torch.where(weighted.detach() > 0, s, s.detach())
                weighted = (-s).exp() * weighted + s
            total = total + ramps[name] * weighted
        return total, (-self.log_variance.detach()).exp()


class GradNorm(Balance):
    """GradNorm (Chen et al. 2018): similar gradient norms of all terms at a shared matrix W.

    ``shared``: name of the part of the model whose last matrix is W. Every ``every_n_steps`` the
    log factors move by the share ``rate`` towards norms ``|weight * factor * dL/dW| ~ r^alpha``,
    where r is the term's inverse training rate (section 3.1): its loss relative to its first one,
    divided by the mean over terms. ``alpha`` 0 means equal norms.
    The paper updates factors by gradient descent and keeps their sum constant; here the sum of the
    norms stays what ``model.loss.weights`` give, so that the learning rate keeps its meaning.
    A term without gradient at W keeps its weight. A term that is not above 0 or has
    ``exclude_from_balancing`` has r = 1. Norms and losses are averaged over ranks.
    Raises UserError for a ``shared`` without a matrix or with frozen weights.
    """

    log_factor: Tensor  # (N,)
    first: Tensor  # (N,) each term's first loss; 0 until it is known

    def __init__(
        self,
        terms: Mapping[str, nn.Module],
        shared: str,
        alpha: NonNegative = 0.5,
        rate: PositiveShare = 0.1,
        every_n_steps: Count = 20,
    ) -> None:
        super().__init__(terms)
        if every_n_steps < 1 or not 0 < rate <= 1:
            raise UserError(
                f"model.balance: every_n_steps={every_n_steps} must be at least 1, and rate={rate} "
                "above 0 and at most 1"
            )
        self.shared, self.alpha, self.rate = shared, alpha, rate
        self.every_n_steps = every_n_steps
        self.register_buffer("log_factor", torch.zeros(len(self.names)))
        self.register_buffer("first", torch.zeros(len(self.names)))
        # in a tuple, so that the model's parameter is not registered here too
        self._matrix: tuple[nn.Parameter, ...] = ()
        self._updated_at = -1  # step of the last update

    def attach(self, model: nn.Module) -> None:
        part = dict(model.named_modules()).get(self.shared, nn.Module())
        self._matrix = tuple(p for p in part.parameters() if p.ndim >= 2)[-1:]
        if not self._matrix:
            parts = ", ".join(name for name, _ in model.named_children())
            raise UserError(
                f"model.balance.shared={self.shared} is not a part of the model that has a matrix; "
                f"choose from {parts}"
            )

    def forward(
        self,
        values: Mapping[str, Tensor],
        weights: Mapping[str, float],
        ramps: Mapping[str, float],
        step: int,
    ) -> tuple[Tensor, Tensor]:
        # once per step, also with accumulated batches
        due = step % self.every_n_steps == 0 and step != self._updated_at
        if due and torch.is_grad_enabled():
            self._updated_at = step
            self._update({n: v for n, v in values.items() if ramps[n] > 0}, weights)
        factors = self.log_factor.exp()
        total = sum(
            ramps[name] * weights[name] * factor * values[name]
            for name, factor in zip(self.names, factors, strict=True)
            if name in values
        )
        assert isinstance(total, Tensor)
        return total, factors

    def _update(self, values: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
        """Move the factors towards the target norms."""
        norm, loss = self._measure(values)
        active = (norm > 0) & torch.isfinite(norm.sum() + loss.sum())
        self.first = torch.where(active & (self.first == 0), loss, self.first)
        excluded = torch.tensor(self.exclude_from_balancing, device=norm.device)
        known = active & ~excluded & (loss > 0) & (self.first > 0)
        relative = torch.where(known, loss / self.first, 0.0)
        r = torch.where(known, relative / (relative.sum() / known.sum().clamp(min=1)), 1.0)
        share = torch.where(active, r**self.alpha, 0.0)
        fixed = norm * torch.tensor([abs(weights[name]) for name in self.names]).to(norm)
        target = (torch.where(active, fixed, 0.0).sum() * share / share.sum() / fixed).log()
        moved = torch.lerp(self.log_factor, target.to(self.log_factor), self.rate)
        self.log_factor = torch.where(active, moved, self.log_factor)

    def _measure(self, values: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return each term's gradient norm at W and its value, ``(N,)`` each; 0 where absent."""
        if not self._matrix[0].requires_grad:
            raise UserError(
                f"model.balance.shared={self.shared} is frozen: choose a part that is trained"
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

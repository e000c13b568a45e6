"""Adaptive loss weights: uncertainty and GradNorm reach their fixed points; resume is exact."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import torch
from fakes import compose_train, composed, fake_overrides
from hydra.utils import instantiate
from torch import Tensor, nn

from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.losses import balance
from tts.losses.balance import GradNorm, Uncertainty
from tts.losses.term import LossTerm
from tts.losses.weighted import LossResult, WeightedLoss
from tts.training.run import train


class Squared(LossTerm):
    """Mean squared error of one column, times ``unit``."""

    def __init__(
        self, column: int, unit: float = 1.0, exclude_from_balancing: bool = False
    ) -> None:
        super().__init__()
        self.column, self.unit, self.exclude_from_balancing = column, unit, exclude_from_balancing

    def forward(self, output: Tensor, batch: Tensor) -> Tensor:
        return self.unit * (output - batch)[:, self.column].square().mean()


class FixedTerm(LossTerm):
    """A constant, or None."""

    def __init__(self, value: float | None, exclude_from_balancing: bool = False) -> None:
        super().__init__()
        self.value, self.exclude_from_balancing = value, exclude_from_balancing

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        return None if self.value is None else torch.tensor(self.value, requires_grad=True)


class TwoHeads(nn.Module):
    """A matrix that both columns share, and one that they do not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shared = nn.Linear(4, 8)
        self.heads = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(torch.tanh(self.shared(x)))


class Problem(NamedTuple):
    model: TwoHeads
    x: Tensor
    y: Tensor

    def norms(self, loss: WeightedLoss, result: LossResult) -> list[float]:
        """Gradient norm of each weighted term at the shared matrix."""
        output = self.model(self.x)
        return [
            float(
                torch.autograd.grad(
                    result.weights[name] * term(output, self.y),
                    self.model.shared.weight,
                    retain_graph=True,
                )[0].norm()
            )
            for name, term in loss.terms.items()
        ]


def problem() -> Problem:
    torch.manual_seed(1)
    return Problem(TwoHeads(), torch.randn(64, 4), torch.randn(64, 2))


def gradnorm(terms: dict[str, nn.Module], **options: Any) -> GradNorm:
    return GradNorm(terms, **{"shared": "shared", "every_n_steps": 1, **options})


def test_uncertainty_finds_each_terms_log_variance() -> None:
    """For a constant prediction of noise with deviations 0.1 and 10, the error is the noise."""
    torch.manual_seed(0)
    y = torch.randn(1000, 2) * torch.tensor([0.1, 10.0]) + 1
    mean = nn.Parameter(torch.zeros(2))
    terms = {"quiet": Squared(0), "loud": Squared(1)}
    loss = WeightedLoss(terms, {"quiet": 1.0, "loud": 0.5}, balance=Uncertainty)
    optimizer = torch.optim.Adam([mean, *loss.parameters()], lr=0.1, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 600)
    for step in range(600):
        optimizer.zero_grad()
        result = loss(mean.expand_as(y), y, step)
        result.total.backward()
        optimizer.step()
        schedule.step()
    variance = y.var(0, unbiased=False)
    expected = (torch.tensor([1.0, 0.5]) * variance).log()
    assert torch.allclose(loss.balance.log_variance, expected, atol=0.02)  # type: ignore[union-attr]
    assert float(result.weights["quiet"] * variance[0]) == pytest.approx(1, rel=0.05)
    assert float(result.weights["loud"] * variance[1]) == pytest.approx(1, rel=0.05)


def test_uncertainty_does_not_weight_likelihoods_and_values_not_above_0() -> None:
    terms = {"nats": FixedTerm(2.0, exclude_from_balancing=True), "negative": FixedTerm(-3.0),
             "absent": FixedTerm(None), "ramped": FixedTerm(5.0),
             "usual": FixedTerm(4.0)}  # fmt: skip
    loss = WeightedLoss(terms, dict.fromkeys(terms, 0.5), {"ramped": (10, 20)}, Uncertainty)
    result = loss(None, None, 0)
    result.total.backward()
    assert float(result.total.detach()) == pytest.approx(0.5 * (2 - 3 + 4))
    gradient = loss.balance.log_variance.grad  # type: ignore[union-attr]
    assert gradient.tolist() == [0, 0, 0, 0, 1 - 0.5 * 4]  # type: ignore[union-attr]
    loss(None, None, 20).total.backward()
    assert gradient[3] == 1 - 0.5 * 5, "the ramp is over"  # type: ignore[index]


@pytest.mark.parametrize("bf16", [False, True])
def test_gradnorm_makes_the_norms_equal_and_keeps_their_sum(bf16: bool) -> None:
    task = problem()
    terms = {"small": Squared(0, 1e-3), "large": Squared(1, 1e3)}
    loss = WeightedLoss(terms, {"small": 1.0, "large": 2.0},
                        balance=lambda t: gradnorm(t, alpha=0.0, rate=0.2))  # fmt: skip
    loss.attach(task.model)
    loss.eval()
    fixed = loss(task.model(task.x), task.y, 0)
    before = task.norms(loss, fixed._replace(weights={"small": 1.0, "large": 2.0}))
    assert before[1] > 1e5 * before[0]
    loss.train()
    for step in range(60):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            result = loss(task.model(task.x), task.y, step)
    small, large = task.norms(loss, result)
    assert small == pytest.approx(large, rel=0.05 if bf16 else 1e-3)
    assert small + large == pytest.approx(sum(before), rel=0.05 if bf16 else 1e-3)
    assert float(result.value) == pytest.approx(float(fixed.value), rel=0.05 if bf16 else 1e-6)


def test_gradnorm_increases_the_weight_of_the_slower_term() -> None:
    task = problem()
    terms = {"a": Squared(0), "b": Squared(1), "nats": Squared(0, exclude_from_balancing=True)}
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0),
                        balance=lambda t: gradnorm(t, alpha=1.0, rate=0.5))  # fmt: skip
    loss.attach(task.model)
    first = loss(task.model(task.x), task.y, 0).terms
    with torch.no_grad():
        task.y[:, 0] = task.model(task.x)[:, 0] + 0.1  # almost learned
    for step in range(1, 60):
        result = loss(task.model(task.x), task.y, step)
    remaining = {name: float(result.terms[name] / first[name]) for name in ("a", "b")}
    a, b, nats = task.norms(loss, result)
    assert a / b == pytest.approx(remaining["a"] / remaining["b"], rel=1e-3)
    assert nats / b == pytest.approx(
        (remaining["a"] + remaining["b"]) / 2 / remaining["b"], rel=1e-3
    )


def test_gradnorm_updates_every_n_steps_with_the_terms_that_apply() -> None:
    task = problem()
    terms = {"a": Squared(0, 5.0), "b": Squared(1), "elsewhere": FixedTerm(3.0),
             "absent": FixedTerm(None), "ramped": Squared(0)}  # fmt: skip
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0), {"ramped": (100, 200)},
                        lambda t: gradnorm(t, every_n_steps=3))  # fmt: skip
    loss.attach(task.model)
    found = [loss(task.model(task.x), task.y, step).weights for step in (0, 0, 1, 2, 3)]
    assert found[0] == found[1] == found[2] == found[3], "once per step, and not between"
    assert found[4]["a"] < found[3]["a"] < 1 < found[3]["b"]
    assert found[4]["elsewhere"] == 1
    assert found[4]["ramped"] == 0
    task.x[0] = torch.nan
    assert loss(task.model(task.x), task.y, 6).weights == found[4], "NaN changes nothing"


def test_ranks_have_equal_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    barrier, tables = threading.Barrier(2), []

    def all_reduce(table: Tensor) -> None:
        tables.append(table.clone())
        barrier.wait()
        table.copy_(tables[0] + tables[1])

    group = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, all_reduce=all_reduce
    )
    monkeypatch.setattr(balance, "dist", group)
    weights: dict[int, list[float]] = {}

    def rank(number: int) -> None:
        task = problem()
        loss = WeightedLoss({"a": Squared(0), "b": Squared(1, 9.0)}, {"a": 1.0, "b": 1.0},
                            balance=gradnorm)  # fmt: skip
        loss.attach(task.model)
        result = loss(task.model(task.x), task.y * (1 + number), 0)
        weights[number] = [float(weight) for weight in result.weights.values()]

    ranks = [threading.Thread(target=rank, args=(number,)) for number in range(2)]
    for thread in ranks:
        thread.start()
    for thread in ranks:
        thread.join()
    assert not torch.equal(*tables), "their batches differ"
    assert weights[0] == weights[1] != [1.0, 1.0]


@pytest.mark.parametrize("make", [Uncertainty, gradnorm])
def test_validation_uses_the_fixed_weights(make: Any) -> None:
    task = problem()
    terms = {"a": Squared(0), "b": Squared(1, 7.0)}
    weights = {"a": 0.3, "b": 0.7}
    fixed, adaptive = WeightedLoss(terms, weights), WeightedLoss(terms, weights, balance=make)
    adaptive.attach(task.model)
    output = task.model(task.x)
    plain = fixed(output, task.y, 0)
    assert plain.weights == {}
    assert not list(fixed.state_dict())
    if make is gradnorm:
        assert not torch.equal(adaptive(output, task.y, 0).total, plain.total)
    assert torch.equal(adaptive(output, task.y, 0).value, plain.total)
    assert torch.equal(adaptive.eval()(output, task.y, 0).total, plain.total)


def test_an_unknown_part_or_rate_is_named() -> None:
    loss = WeightedLoss({"a": Squared(0)}, {"a": 1.0}, balance=lambda t: gradnorm(t, shared="neck"))
    with pytest.raises(UserError, match=r"shared=neck is not a part .* shared, heads"):
        loss.attach(TwoHeads())
    with pytest.raises(UserError, match="rate=2"):
        gradnorm({}, rate=2)


CHOICES = {
    "uncertainty": ("+model.loss.balance._target_=tts.losses.balance.Uncertainty",),
    "gradnorm": (
        "+model.loss.balance._target_=tts.losses.balance.GradNorm",
        "+model.loss.balance.shared=embed",
        "+model.loss.balance.every_n_steps=2",
    ),
}  # fmt: skip


def run(folder: Path, choice: str, steps: int, *given: str) -> dict[str, Any]:
    overrides = fake_overrides(
        folder, "+model.loss.terms.again._target_=fakes.FakeMelLoss",
        "+model.loss.weights.again=0.1",
        "+model.loss.balance._partial_=true", *CHOICES[choice], "scheduler=constant",
        "optimizer.lr=0.01",
        "trainer.val_check_interval=3", f"trainer.max_steps={steps}",
    )  # fmt: skip
    metrics = train(compose_train(*overrides, *given), given)
    assert 0 < metrics["weight/again"] != pytest.approx(0.1, rel=1e-6)
    assert metrics["val/loss"] == pytest.approx(metrics["val/mel"] + 0.1 * metrics["val/again"])
    return load_checkpoint(folder / "checkpoints/last.ckpt")


@pytest.mark.parametrize("choice", CHOICES)
def test_the_balance_is_saved_and_a_resumed_run_is_exact(tmp_path: Path, choice: str) -> None:
    folder = tmp_path / "resumed"
    uncut = run(tmp_path / "uncut", choice, 7)
    run(folder, choice, 3)
    resumed = run(folder, choice, 7, f"resume={folder}", "trainer.max_steps=7")
    assert [name for name in uncut["state_dict"] if name.startswith("loss.balance.")]
    for name, value in uncut["state_dict"].items():
        assert torch.equal(value, resumed["state_dict"][name]), name
    decay = {group["weight_decay"]: group["params"] for group in
             uncut["optimizer_states"][0]["param_groups"]}  # fmt: skip
    assert len(decay[0.0]) == (2 if choice == "uncertainty" else 1), "a bias, and the log-variances"


def test_likelihoods_and_gan_scores_are_excluded_from_balancing() -> None:
    loss = composed(
        "train", "data=demo", "discriminator=mel_patches", "model/balance=uncertainty"
    ).model.loss
    terms = instantiate(loss, _convert_="all").terms
    excluded = {name for name, term in terms.items() if term.exclude_from_balancing}
    assert excluded == {"duration", "forward_sum", "binarization", "adversarial", "style"}

"""Adaptive weights find the noise or the norms they are to find, and leave the rest as it was."""

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
from tts.losses.weighted import LossResult, WeightedLoss
from tts.training.run import train


class Squared(nn.Module):
    """Mean squared error of one column, in a unit of its own."""

    def __init__(
        self, column: int, unit: float = 1.0, exclude_from_balancing: bool = False
    ) -> None:
        super().__init__()
        self.column, self.unit, self.exclude_from_balancing = column, unit, exclude_from_balancing

    def forward(self, output: Tensor, batch: Tensor) -> Tensor:
        return self.unit * (output - batch)[:, self.column].square().mean()


class Given(nn.Module):
    """A number the test holds, or none."""

    def __init__(self, value: float | None, exclude_from_balancing: bool = False) -> None:
        super().__init__()
        self.value, self.exclude_from_balancing = value, exclude_from_balancing

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        return None if self.value is None else torch.tensor(self.value, requires_grad=True)


class Meeting(nn.Module):
    """A matrix that both columns pass through, and what does not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shared = nn.Linear(4, 8)
        self.heads = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(torch.tanh(self.shared(x)))


class Problem(NamedTuple):
    model: Meeting
    x: Tensor
    y: Tensor

    def norms(self, loss: WeightedLoss, result: LossResult) -> list[float]:
        """Of each weighted term at the matrix they share."""
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
    return Problem(Meeting(), torch.randn(64, 4), torch.randn(64, 2))


def gradnorm(terms: dict[str, nn.Module], **settings: Any) -> GradNorm:
    return GradNorm(terms, **{"shared": "shared", "every_n_steps": 1, **settings})


def test_uncertainty_finds_each_terms_log_variance() -> None:
    """Constant predictions of noise of 0.1 and of 10: what is left is the noise."""
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
    wanted = (torch.tensor([1.0, 0.5]) * variance).log()
    assert torch.allclose(loss.balance.log_variance, wanted, atol=0.02)  # type: ignore[union-attr]
    assert float(result.weights["quiet"] * variance[0]) == pytest.approx(1, rel=0.05)
    assert float(result.weights["loud"] * variance[1]) == pytest.approx(1, rel=0.05)


def test_uncertainty_leaves_likelihoods_and_what_is_not_above_0_as_they_are() -> None:
    terms = {"nats": Given(2.0, exclude_from_balancing=True), "negative": Given(-3.0), "absent": Given(None),
             "waits": Given(5.0), "usual": Given(4.0)}  # fmt: skip
    loss = WeightedLoss(terms, dict.fromkeys(terms, 0.5), {"waits": (10, 20)}, Uncertainty)
    result = loss(None, None, 0)
    result.total.backward()
    assert float(result.total.detach()) == pytest.approx(0.5 * (2 - 3 + 4))
    gradient = loss.balance.log_variance.grad  # type: ignore[union-attr]
    assert gradient.tolist() == [0, 0, 0, 0, 1 - 0.5 * 4]  # type: ignore[union-attr]
    loss(None, None, 20).total.backward()
    assert gradient[3] == 1 - 0.5 * 5, "the ramp is over"  # type: ignore[index]


@pytest.mark.parametrize("bf16", [False, True])
def test_gradnorm_brings_the_norms_together_and_keeps_their_sum(bf16: bool) -> None:
    given = problem()
    terms = {"small": Squared(0, 1e-3), "large": Squared(1, 1e3)}
    loss = WeightedLoss(terms, {"small": 1.0, "large": 2.0},
                        balance=lambda t: gradnorm(t, alpha=0.0, rate=0.2))  # fmt: skip
    loss.attach(given.model)
    loss.eval()
    fixed = loss(given.model(given.x), given.y, 0)
    before = given.norms(loss, fixed._replace(weights={"small": 1.0, "large": 2.0}))
    assert before[1] > 1e5 * before[0]
    loss.train()
    for step in range(60):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            result = loss(given.model(given.x), given.y, step)
    small, large = given.norms(loss, result)
    assert small == pytest.approx(large, rel=0.05 if bf16 else 1e-3)
    assert small + large == pytest.approx(sum(before), rel=0.05 if bf16 else 1e-3)
    assert float(result.value) == pytest.approx(float(fixed.value), rel=0.05 if bf16 else 1e-6)


def test_gradnorm_gives_more_to_the_term_that_has_fallen_less() -> None:
    given = problem()
    terms = {"a": Squared(0), "b": Squared(1), "nats": Squared(0, exclude_from_balancing=True)}
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0),
                        balance=lambda t: gradnorm(t, alpha=1.0, rate=0.5))  # fmt: skip
    loss.attach(given.model)
    first = loss(given.model(given.x), given.y, 0).terms
    with torch.no_grad():
        given.y[:, 0] = given.model(given.x)[:, 0] + 0.1  # learned, almost
    for step in range(1, 60):
        result = loss(given.model(given.x), given.y, step)
    left = {name: float(result.terms[name] / first[name]) for name in ("a", "b")}
    a, b, nats = given.norms(loss, result)
    assert a / b == pytest.approx(left["a"] / left["b"], rel=1e-3)
    assert nats / b == pytest.approx((left["a"] + left["b"]) / 2 / left["b"], rel=1e-3)


def test_gradnorm_looks_every_so_often_and_at_what_is_there() -> None:
    given = problem()
    terms = {"a": Squared(0, 5.0), "b": Squared(1), "elsewhere": Given(3.0), "absent": Given(None),
             "waits": Squared(0)}  # fmt: skip
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0), {"waits": (100, 200)},
                        lambda t: gradnorm(t, every_n_steps=3))  # fmt: skip
    loss.attach(given.model)
    found = [loss(given.model(given.x), given.y, step).weights for step in (0, 0, 1, 2, 3)]
    assert found[0] == found[1] == found[2] == found[3], "once at a step, and not between"
    assert found[4]["a"] < found[3]["a"] < 1 < found[3]["b"]
    assert found[4]["elsewhere"] == 1
    assert found[4]["waits"] == 0
    given.x[0] = torch.nan
    assert loss(given.model(given.x), given.y, 6).weights == found[4], "no number moves nothing"


def test_ranks_agree_on_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    meet, tables = threading.Barrier(2), []

    def all_reduce(table: Tensor) -> None:
        tables.append(table.clone())
        meet.wait()
        table.copy_(tables[0] + tables[1])

    group = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, all_reduce=all_reduce
    )
    monkeypatch.setattr(balance, "dist", group)
    weights: dict[int, list[float]] = {}

    def rank(number: int) -> None:
        given = problem()
        loss = WeightedLoss({"a": Squared(0), "b": Squared(1, 9.0)}, {"a": 1.0, "b": 1.0},
                            balance=gradnorm)  # fmt: skip
        loss.attach(given.model)
        result = loss(given.model(given.x), given.y * (1 + number), 0)
        weights[number] = [float(weight) for weight in result.weights.values()]

    ranks = [threading.Thread(target=rank, args=(number,)) for number in range(2)]
    for thread in ranks:
        thread.start()
    for thread in ranks:
        thread.join()
    assert not torch.equal(*tables), "they saw different batches"
    assert weights[0] == weights[1] != [1.0, 1.0]


@pytest.mark.parametrize("make", [Uncertainty, gradnorm])
def test_validation_counts_by_the_fixed_weights(make: Any) -> None:
    given = problem()
    terms = {"a": Squared(0), "b": Squared(1, 7.0)}
    weights = {"a": 0.3, "b": 0.7}
    fixed, adaptive = WeightedLoss(terms, weights), WeightedLoss(terms, weights, balance=make)
    adaptive.attach(given.model)
    output = given.model(given.x)
    plain = fixed(output, given.y, 0)
    assert plain.weights == {}
    assert not list(fixed.state_dict())
    if make is gradnorm:
        assert not torch.equal(adaptive(output, given.y, 0).total, plain.total)
    assert torch.equal(adaptive(output, given.y, 0).value, plain.total)
    assert torch.equal(adaptive.eval()(output, given.y, 0).total, plain.total)


def test_a_part_that_is_not_there_is_named() -> None:
    loss = WeightedLoss({"a": Squared(0)}, {"a": 1.0}, balance=lambda t: gradnorm(t, shared="neck"))
    with pytest.raises(UserError, match=r"shared=neck is no part .* shared, heads"):
        loss.attach(Meeting())
    with pytest.raises(UserError, match="rate=2"):
        gradnorm({}, rate=2)


CHOICES = {
    "uncertainty": ("+model.loss.balance._target_=tts.losses.balance.Uncertainty",),
    "gradnorm": (
        "+model.loss.balance._target_=tts.losses.balance.GradNorm", "+model.loss.balance.shared=embed",
        "+model.loss.balance.every_n_steps=2",
    ),
}  # fmt: skip


def run(folder: Path, choice: str, steps: int, *given: str) -> dict[str, Any]:
    overrides = fake_overrides(
        folder, "+model.loss.terms.again._target_=fakes.FakeMelLoss", "+model.loss.weights.again=0.1",
        "+model.loss.balance._partial_=true", *CHOICES[choice], "scheduler=constant", "optimizer.lr=0.01",
        "trainer.val_check_interval=3", f"trainer.max_steps={steps}",
    )  # fmt: skip
    metrics = train(compose_train(*overrides, *given), given)
    assert 0 < metrics["weight/again"] != pytest.approx(0.1, rel=1e-6)
    assert metrics["val/loss"] == pytest.approx(metrics["val/mel"] + 0.1 * metrics["val/again"])
    return load_checkpoint(folder / "checkpoints/last.ckpt")


@pytest.mark.parametrize("choice", CHOICES)
def test_what_was_learned_is_saved_and_a_resumed_run_goes_on_exactly(
    tmp_path: Path, choice: str
) -> None:
    whole = run(tmp_path / "whole", choice, 7)
    run(tmp_path / "cut", choice, 3)
    resumed = run(tmp_path / "cut", choice, 7, f"resume={tmp_path / 'cut'}", "trainer.max_steps=7")
    assert [name for name in whole["state_dict"] if name.startswith("loss.balance.")]
    for name, value in whole["state_dict"].items():
        assert torch.equal(value, resumed["state_dict"][name]), name
    decay = {group["weight_decay"]: group["params"] for group in
             whole["optimizer_states"][0]["param_groups"]}  # fmt: skip
    assert len(decay[0.0]) == (2 if choice == "uncertainty" else 1), "a bias, and the log-variances"


def test_likelihoods_and_scores_say_what_they_are() -> None:
    loss = composed(
        "train", "data=demo", "discriminator=mel_patches", "model/balance=uncertainty"
    ).model.loss
    terms = instantiate(loss, _convert_="all").terms
    own = {name for name, term in terms.items() if getattr(term, "exclude_from_balancing", False)}
    assert own == {"duration", "forward_sum", "binarization", "adversarial"}

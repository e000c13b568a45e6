"""Flow matching: the velocity field, noise, solvers, distillation, and the model around them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.models.assemble import batch, build
from tests.models.test_fastspeech import prompt
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.losses.flow import FlowMatchingLoss
from tts.masks import mask_from_lengths
from tts.models.flow import (
    FlowOutput,
    ResidualFlow,
    gaussian_slope,
    integrate,
    noise_like,
)
from tts.modules.stack import Context


class Dense(nn.Module):
    """A velocity network that sees one position at a time."""

    def __init__(self, dim: int, style_dim: int) -> None:
        super().__init__()
        self.style = nn.Linear(style_dim, dim)
        self.layers = nn.Sequential(nn.SiLU(), nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, x: Tensor, context: Context) -> Tensor:
        assert context.style is not None
        return self.layers(x + self.style(context.style)[:, None])


def toy(channels: int = 1, **settings: Any) -> ResidualFlow:
    torch.manual_seed(0)
    own = {"cfg_dropout": 0.1, "steps": 4, "solver": "euler", "temperature": 1.0, **settings}
    return ResidualFlow(channels, dim=32, velocity_net=Dense, **own)


def loss_of(output: FlowOutput) -> float:
    class Output:
        flow = output

    loss = FlowMatchingLoss("flow")(Output, None)
    assert loss is not None
    return float(loss.detach())


STATES, MASK = torch.zeros(8, 50, 32), torch.ones(8, 50, dtype=torch.bool)


@pytest.mark.parametrize("solver", ["euler", "midpoint"])
@pytest.mark.parametrize("steps", [1, 2, 10])
def test_the_true_velocity_has_no_loss_and_reaches_the_target(solver: str, steps: int) -> None:
    """All residuals are one point: every path to it is straight, and no two cross before."""
    point = torch.tensor([1.5, -0.5])

    def true(x: Tensor, time: Any, condition: Any = None) -> Tensor:
        time = torch.as_tensor(time).reshape(-1, 1, 1)
        return (point - x) / (1 - time)

    flow = toy(channels=2).eval()
    flow.velocity = true  # type: ignore[assignment,method-assign]
    output = flow(point.expand(8, 50, 2), STATES, MASK, None)
    assert loss_of(output) < 1e-6
    end = integrate(true, torch.randn(8, 50, 2), steps, solver)
    assert torch.allclose(end, point.expand_as(end), atol=1e-5)
    sampled = flow.sample(STATES, MASK, None, SynthesisControls(steps=steps, solver=solver))
    assert torch.allclose(sampled, point.expand_as(sampled), atol=1e-5)


def test_the_exponential_solver_is_exact_where_the_network_adds_nothing_and_converges() -> None:
    x0 = torch.randn(64, dtype=torch.float64)

    def velocity(x: Tensor, time: float) -> Tensor:
        return gaussian_slope(time) * x

    for steps in (1, 2, 7):
        assert torch.allclose(integrate(velocity, x0, steps, "exponential"), x0)

    def with_network(x: Tensor, time: float) -> Tensor:
        return velocity(x, time) + torch.sin(3 * x + time)

    exact = integrate(with_network, x0, 2000, "midpoint")
    errors = [
        (integrate(with_network, x0, steps, "exponential") - exact).abs().max().item()
        for steps in (8, 32, 128)
    ]
    assert errors[2] < 0.4 * errors[1] < 0.16 * errors[0]


def test_independent_gaussians_need_no_training() -> None:
    flow = toy(channels=4).train()
    for _ in range(20):
        residual = 3.0 * torch.randn(64, 50, 4)
        output = flow(residual, torch.zeros(64, 50, 32), MASK[:1].expand(64, -1), None)
    assert torch.allclose(flow.scale, torch.full((4,), 3.0), rtol=0.03)
    assert loss_of(output) == pytest.approx(math.pi / 2, rel=0.03)  # the minimum
    sampled = flow.eval().sample(STATES, MASK, None, SynthesisControls(steps=50))
    assert float(sampled.detach().std()) == pytest.approx(3.0, rel=0.1)


def learn_two_modes(flow: ResidualFlow, steps: int) -> ResidualFlow:
    """Train on residuals that are +1 or -1; their mean, 0, never occurs."""
    optimizer = torch.optim.Adam(flow.parameters(), lr=3e-3)
    for _ in range(steps):
        residual = torch.randint(0, 2, (64, 32, 1)).float() * 2 - 1
        output = flow.train()(residual, *ALL)
        loss = (output.velocity - output.target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return flow.eval()


ALL = (torch.zeros(64, 32, 32), torch.ones(64, 32, dtype=torch.bool), None)


def near_one(flow: ResidualFlow, steps: int) -> float:
    """Return the share of samples near one of the two modes."""
    sampled = flow.sample(*ALL, SynthesisControls(steps=steps)).detach()
    assert abs(float(sampled.mean())) < 0.15
    return float(((sampled.abs() - 1).abs() < 0.3).float().mean())


def test_two_modes_are_sampled_not_averaged_and_a_student_needs_one_step() -> None:
    teacher = learn_two_modes(toy(), 250)
    assert near_one(teacher, 20) > 0.9
    assert near_one(teacher, 1) < 0.1, "one step leads to the mean"
    student = toy()
    student.distill_from_teacher(teacher, steps=10)
    before = [p.clone() for p in teacher.parameters()]
    learn_two_modes(student, 250)
    assert near_one(student, 1) > 0.7
    assert all(torch.equal(a, b) for a, b in zip(before, teacher.parameters(), strict=True))
    assert set(student.state_dict()) == set(teacher.state_dict()), "the teacher is not saved"


def model_and_loss(*more: str) -> Any:
    model, loss = build("model/flow=residual", "model/adaptor=flow", *more)
    with torch.no_grad():  # outputs start at zero, where results are equal that should differ
        for parameter in model.parameters():
            parameter += 2e-2 * torch.randn_like(parameter)
    return model, loss


def test_padding_changes_neither_noise_nor_frames() -> None:
    model, _ = model_and_loss()
    with torch.no_grad():
        torch.manual_seed(3)
        plain = model(batch())
        torch.manual_seed(3)
        padded = model(batch(extra_tokens=5, extra_frames=33))
    for part in ("mel_flow", "prosody_flow"):
        one, other = getattr(plain, part), getattr(padded, part)
        length = one.mask.shape[1]
        assert torch.equal(other.mask[:, :length], one.mask)
        for key in ("velocity", "target"):
            difference = getattr(one, key) - getattr(other, key)[:, :length]
            assert difference[one.mask].abs().max() < 1e-3, (part, key)
    mask = mask_from_lengths(torch.tensor([3, 5]), 8)
    noise = noise_like(torch.zeros(2, 8, 4), mask)
    assert noise[~mask].abs().max() == 0
    assert noise[mask].abs().min() > 0


def test_a_generator_of_its_own_draws_as_the_seeded_global_one_and_leaves_that_alone() -> None:
    model = model_and_loss()[0].eval()
    torch.manual_seed(3)
    expected = model.generate(prompt(prosody_temperature=1.0)).features
    state = torch.get_rng_state()
    seeded = prompt(prosody_temperature=1.0)._replace(generator=torch.Generator().manual_seed(3))
    assert torch.equal(model.generate(seeded).features, expected)
    assert torch.equal(torch.get_rng_state(), state)


def test_one_step_is_the_deterministic_mel_plus_one_euler_step() -> None:
    model, _ = model_and_loss()
    sampled = model.generate(prompt(steps=1, temperature=0.0, prosody_temperature=0.0))
    flow, model.flow = model.flow, None
    deterministic = model.generate(prompt(prosody_temperature=0.0))
    model.flow = flow
    assert torch.equal(sampled.durations, deterministic.durations)
    calls: list[tuple[Tensor, Any]] = []
    velocity = flow.velocity

    def recorded(x: Tensor, time: Tensor, condition: Any) -> Tensor:
        assert float(time.max()) == 0
        calls.append((x, velocity(x, time, condition)))
        return calls[-1][1]

    flow.velocity = recorded
    model.generate(prompt(steps=1, temperature=0.0, prosody_temperature=0.0))
    [(start, first)] = calls
    assert start.abs().max() == 0
    size, steps = first.shape[:2]
    residual = (first * flow.scale).reshape(size, steps * model.stride, -1)
    residual = residual[:, : sampled.features.shape[1]] * model.mel_std
    mask = mask_from_lengths(sampled.frame_lengths)
    expected = (deterministic.features + residual)[mask]
    assert torch.allclose(expected, sampled.features[mask], atol=1e-4)


def test_temperature_0_repeats_and_above_it_samples() -> None:
    model, _ = model_and_loss()

    def mel(**controls: Any) -> Tensor:
        return model.generate(prompt(prosody_temperature=0.0, **controls)).features

    assert torch.equal(mel(temperature=0.0), mel(temperature=0.0))
    assert not torch.allclose(mel(temperature=1.0), mel(temperature=1.0))
    assert not torch.allclose(mel(temperature=0.0, steps=1), mel(temperature=0.0, steps=4))
    assert not torch.allclose(
        mel(temperature=0.0, solver="euler"), mel(temperature=0.0, solver="midpoint")
    )
    prosody = [model.generate(prompt(prosody_temperature=t)) for t in (0.0, 0.0, 1.0, 1.0)]
    for part in ("durations", "pitch", "energy"):
        same, again, one, other = (getattr(p, part) for p in prosody)
        assert torch.equal(same, again)
        assert not torch.equal(one, other)


def test_guidance_strengthens_the_style() -> None:
    model, _ = model_and_loss()

    def mel(guidance: float) -> Tensor:
        controls = prompt(prosody_temperature=0.0, temperature=0.0, guidance=guidance, steps=2)
        return model.generate(controls).features

    plain, guided, twice = mel(0.0), mel(1.0), mel(2.0)
    assert not torch.allclose(plain, guided, atol=1e-3)
    assert (twice - plain).abs().mean() > 1.2 * (guided - plain).abs().mean()
    styleless, _ = model_and_loss("model/style=none")
    with pytest.raises(UserError, match="guidance=1: this model has no style"):
        styleless.generate(prompt(guidance=1.0))


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"steps": 0}, "steps=0: expected a whole number from 1 to 1000"),
        ({"solver": "heun"}, "solver=heun: choose from euler, midpoint, exponential"),
        ({"temperature": -1.0}, "temperature=-1: expected a number from 0 to 10"),
        ({"guidance": math.inf}, "guidance=inf: expected a number from -100 to 100"),
    ],
)
def test_a_setting_out_of_range_is_rejected(controls: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        toy().sample(STATES, MASK, None, SynthesisControls(**controls))


def test_a_deterministic_decoder_rejects_steps() -> None:
    model, _ = build()
    with pytest.raises(UserError, match=r"steps=2: .* trained with model/flow=residual"):
        model.generate(prompt(steps=2))

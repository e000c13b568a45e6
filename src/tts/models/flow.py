"""Flow matching: what a regression leaves out, drawn instead of averaged away.

A regression answers with the mean of all the ways a sentence can be said, and the mean of many
mels is a blurred one. The residual, what a recording has beyond that mean, is drawn here from its
distribution: noise is carried to it along the field of an ordinary differential equation, learned
by conditional flow matching on straight paths (Lipman et al. 2023, section 4.1, example II, with
a variance of zero at the end; Matcha-TTS, Mehta et al. 2024, draws whole mels so). Only the small
field runs at every step of the solver; what it looks at is computed once.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tts.batch import Sampling
from tts.errors import UserError
from tts.modules.stack import Context

SLOWEST, FASTEST = 1.0, 1000.0  # radians per unit of time that the embedding sees


class SamplerSettings(NamedTuple):
    """How to draw: a :class:`~tts.batch.Sampling` in which nothing is left open."""

    steps: int
    solver: str
    temperature: float
    guidance: float

    def updated(self, asked: Sampling) -> "SamplerSettings":
        """This, where nothing else is asked for. UserError for what cannot be."""
        way = self._replace(**{k: v for k, v in asked._asdict().items() if v is not None})
        if way.steps < 1 or way.steps != int(way.steps):
            raise UserError(f"steps={way.steps} must be a whole number above 0")
        if way.solver not in SOLVERS:
            raise UserError(f"solver={way.solver!r}: choose from {', '.join(SOLVERS)}")
        if not 0 <= way.temperature < math.inf:
            raise UserError(f"temperature={way.temperature} must be 0 or more")
        if not math.isfinite(way.guidance):
            raise UserError(f"guidance={way.guidance} is not a number")
        return way


class FlowOutput(NamedTuple):
    """What the loss compares."""

    velocity: Tensor  # (B, L, C) the field's
    target: Tensor  # (B, L, C) of the straight path
    mask: Tensor  # (B, L) bool


class ResidualFlow(nn.Module):
    """Draws ``(B, L, channels)`` residuals, given states ``(B, L, dim)`` of the same length.

    Residuals are measured in their own deviation per channel, a running average kept as a buffer,
    so the paths begin and end with unit variance. If they were Gaussian and independent, the field
    would be known in closed form; that part is added to what the network says, which is left with
    what is not known (as the skip of EDM, Karras et al. 2022, section 5).

    ``velocity_net(dim=, style_dim=)`` makes the backbone; it sees time, and the style if there is one,
    through FiLM. ``cfg_dropout``: share of training utterances whose style the field must do
    without, so that ``guidance`` has something to push away from; ``steps``, ``solver`` and
    ``temperature``: what is done where nothing is asked for; ``average``: decay of the running
    average, per step.
    """

    def __init__(
        self,
        channels: int,
        dim: int,
        velocity_net: Callable[..., nn.Module],
        style_dim: int | None = None,
        *,
        cfg_dropout: float,
        steps: int,
        solver: str,
        temperature: float,
        average: float = 0.999,
    ) -> None:
        super().__init__()
        self.own = SamplerSettings(steps, solver, temperature, guidance=0.0).updated(Sampling())
        self.cfg_dropout, self.average = cfg_dropout, average
        self.register_buffer("scale", torch.ones(channels))
        self.register_buffer("seen", torch.zeros(()))  # training steps
        self.scale: Tensor
        self.seen: Tensor
        self.input = nn.Linear(channels, dim, bias=False)
        self.states = nn.Linear(dim, dim)
        self.time = TimeEmbedding(dim)
        self.style = nn.Linear(style_dim, dim, bias=False) if style_dim else None
        self.velocity_net = velocity_net(dim=dim, style_dim=dim)
        self.output = nn.Linear(dim, channels)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self._taught_by: tuple[ResidualFlow, Sampling] | None = None

    def distill_from_teacher(self, teacher: "ResidualFlow", steps: int) -> None:
        """Aim at where ``teacher`` carries the noise in ``steps``, instead of at recordings.

        The paths from noise to what was drawn from it do not cross, so that few steps of a solver,
        or one, go as far along them as many (Liu et al. 2023, section 2.2: reflow).
        """
        self.scale.copy_(teacher.scale)
        self.seen.copy_(teacher.seen)
        # a tuple hides it: the teacher is no part of what is trained and saved
        self._taught_by = (teacher.eval().requires_grad_(False), Sampling(steps=steps))

    def forward(
        self, residual: Tensor, states: Tensor, mask: Tensor, style: Tensor | None
    ) -> FlowOutput:
        """Learn from residuals ``(B, L, channels)``, zero where padded; ``mask (B, L)``."""
        start = noise_like(residual.float(), mask)
        if self._taught_by is not None:
            teacher, how = self._taught_by
            with torch.no_grad():
                end = teacher.to(start.device).solve_ode(start, states, mask, style, how)
        else:
            if self.training and self.output.weight.requires_grad:  # not while it is frozen
                self._measure(residual.float(), mask)
            end = residual.float() / self.scale
        time = _spread_times(end)
        between = torch.lerp(start, end, time[:, None, None])
        if self.style is not None and style is not None and self.training:
            keep = torch.rand(len(style), device=style.device) >= self.cfg_dropout
            style = style * keep[:, None]
        velocity = self.velocity(between, time, self.condition(states, mask, style))
        return FlowOutput(velocity, end - start, mask)

    def sample(
        self, states: Tensor, mask: Tensor, style: Tensor | None, asked: Sampling | None = None
    ) -> Tensor:
        """A residual ``(B, L, channels)`` in the units it was learned in, zero where padded."""
        asked = asked or Sampling()
        start = mask.new_zeros(*mask.shape, len(self.scale), dtype=torch.float32)
        if temperature := self.own.updated(asked).temperature:
            start = temperature * noise_like(start, mask)
        return self.solve_ode(start, states, mask, style, asked) * self.scale

    def solve_ode(
        self,
        start: Tensor,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        asked: Sampling,
    ) -> Tensor:
        """Noise ``(B, L, channels)`` along the field to its end, in deviations of the residual."""
        how = self.own.updated(asked)
        conditions = [self.condition(states, mask, style)]
        if how.guidance:
            if self.style is None or style is None:
                raise UserError(
                    f"guidance={how.guidance}: this model has no style to be guided by; train one "
                    "with model/style=speaker or reference"
                )
            conditions.append(self.condition(states, mask, torch.zeros_like(style)))

        def velocity(x: Tensor, time: float) -> Tensor:
            times = x.new_full((len(x),), time)
            said = self.velocity(x, times, conditions[0])
            if len(conditions) > 1:
                said = said + how.guidance * (said - self.velocity(x, times, conditions[1]))
            return said

        return integrate(velocity, start, how.steps, how.solver) * mask[..., None]

    def velocity(self, x: Tensor, time: Tensor, condition: "_Condition") -> Tensor:
        """The field at ``x (B, L, channels)`` and ``time (B,)`` in [0, 1]."""
        style = self.time(time)
        dtype = self.input.weight.dtype
        if condition.style is not None:
            style = style + condition.style
        hidden = self.input(x.to(dtype)) + condition.states
        hidden = self.velocity_net(hidden, Context(mask=condition.mask, style=style))
        t = time[:, None, None]
        known = (2 * t - 1) / (t.square() + (1 - t).square())
        return known * x + self.output(hidden).float()

    def condition(self, states: Tensor, mask: Tensor, style: Tensor | None) -> "_Condition":
        """What the field looks at, the same at every step."""
        seen = self.style(style) if self.style is not None and style is not None else None
        return _Condition(self.states(states), mask, seen)

    @torch.no_grad()
    def _measure(self, residual: Tensor, mask: Tensor) -> None:
        """Follow the residuals' deviation per channel, quickly at first."""
        sums = torch.cat([(residual.square() * mask[..., None]).sum((0, 1)), mask.sum()[None]])
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)  # as if all processes' batches were one
        deviation = sums[:-1].div(sums[-1].clamp(min=1)).sqrt()
        decay = torch.minimum(self.seen / (10 + self.seen), self.seen.new_tensor(self.average))
        self.scale.lerp_(deviation.clamp(min=1e-3).to(self.scale.dtype), 1 - decay)
        self.seen += 1


class _Condition(NamedTuple):
    states: Tensor  # (B, L, dim)
    mask: Tensor  # (B, L) bool
    style: Tensor | None  # (B, dim)


class TimeEmbedding(nn.Module):
    """Times ``(B,)`` in [0, 1] -> ``(B, dim)``: sines and cosines, then two linears."""

    def __init__(self, dim: int, waves: int = 32) -> None:
        super().__init__()
        rates = torch.logspace(math.log10(SLOWEST), math.log10(FASTEST), waves)
        self.register_buffer("rates", rates, persistent=False)
        self.rates: Tensor
        self.layers = nn.Sequential(nn.Linear(2 * waves, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, time: Tensor) -> Tensor:
        angles = time.float()[:, None] * self.rates
        waves = torch.cat([angles.sin(), angles.cos()], -1)
        first: Any = self.layers[0]
        return self.layers(waves.to(first.weight.dtype))


def integrate(
    velocity: Callable[[Tensor, float], Tensor], start: Tensor, steps: int, solver: str = "euler"
) -> Tensor:
    """Carry ``start`` along the field from time 0 to 1 in ``steps`` equal steps."""
    step = SOLVERS[solver]
    x = start
    for index in range(steps):
        x = step(velocity, x, index / steps, 1 / steps)
    return x


def euler(velocity: Callable[[Tensor, float], Tensor], x: Tensor, time: float, h: float) -> Tensor:
    """First order, one look at the field."""
    return x + h * velocity(x, time)


def midpoint(
    velocity: Callable[[Tensor, float], Tensor], x: Tensor, time: float, h: float
) -> Tensor:
    """Second order, two looks at the field."""
    return x + h * velocity(x + h / 2 * velocity(x, time), time + h / 2)


SOLVERS = {"euler": euler, "midpoint": midpoint}


def noise_like(x: Tensor, mask: Tensor) -> Tensor:
    """Standard normal where ``mask (B, L)``, zero elsewhere: padding moves no utterance's noise."""
    noise = torch.zeros_like(x)
    noise[mask] = torch.randn(int(mask.sum()), *x.shape[2:], device=x.device, dtype=x.dtype)
    return noise


def _spread_times(x: Tensor) -> Tensor:
    """A time in [0, 1] per utterance, uniform, and spread evenly over the batch."""
    size = len(x)
    places = torch.randperm(size, device=x.device)
    return (places + torch.rand(size, device=x.device, dtype=torch.float32)) / size

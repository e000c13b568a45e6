"""Conditional flow matching of residuals: sampling what a deterministic prediction averages away.

A deterministic decoder predicts the mean of all ways to say a sentence, and the mean of many mels
is blurred. The residual between a recording and that mean is sampled here: an ordinary
differential equation carries noise to it along a velocity field that is learned by conditional
flow matching on straight paths (Lipman et al. 2023, section 4.1, example II, with sigma_min = 0;
Matcha-TTS, Mehta et al. 2024, samples full mels this way). Each step of the solver runs only the
velocity network; what it is conditioned on is computed once.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from tts.bounds import Share, SolverSteps, Temperature
from tts.controls import NEUTRAL, SynthesisControls
from tts.errors import UserError
from tts.modules.stack import Context
from tts.plain_data import PlainData

AVERAGE_DECAY = 0.999  # per training step, of the residuals' running root mean square
SLOWEST, FASTEST = 1.0, 1000.0  # radians per unit of time in the time embedding
Time = TypeVar("Time", float, Tensor)
Velocity = Callable[[Tensor, float], Tensor]  # (x, time) -> dx/dt


class SamplerSettings(NamedTuple):
    """How a flow is sampled. Fields of :class:`SynthesisControls`, none of them None."""

    steps: int
    solver: str
    temperature: float
    guidance: float

    def updated(self, controls: SynthesisControls) -> "SamplerSettings":
        """Return these settings with what ``controls`` set. Raises UserError for a bad value."""
        values: PlainData = controls.only(self._fields).changed()
        return self._replace(**values).checked()

    def checked(self) -> "SamplerSettings":
        """Return these settings, or raise UserError naming one that is out of range."""
        SynthesisControls.parse(self._asdict())
        if self.solver not in SOLVERS:
            raise UserError(f"solver={self.solver!r}: choose from {', '.join(SOLVERS)}")
        return self


class FlowOutput(NamedTuple):
    """What the flow-matching loss compares, where ``mask`` is True."""

    velocity: Tensor  # (B, L, C) predicted
    target: Tensor  # (B, L, C) of the straight path from noise to residual
    mask: Tensor  # (B, L) bool


class FlowCondition(NamedTuple):
    """What the velocity network is conditioned on, the same at every solver step."""

    states: Tensor  # (B, L, dim)
    mask: Tensor  # (B, L) bool
    style: Tensor | None  # (B, dim)


class ResidualFlow(nn.Module):
    """Samples residuals ``(B, L, channels)`` given states ``(B, L, dim)``.

    Residuals are divided by their standard deviation per channel, a running average kept as a
    buffer, so that paths begin and end with unit variance. For independent Gaussian residuals the
    velocity field is known in closed form; it is added to the network's output, which learns the
    rest (as the skip connection of EDM, Karras et al. 2022, section 5).

    ``velocity_net(dim=, style_dim=)`` makes the backbone, FiLM-conditioned on time and style.
    ``cfg_dropout``: share of training utterances whose style is dropped, for classifier-free
    guidance (Ho & Salimans 2022). ``steps``, ``solver``, ``temperature``: how it is sampled where
    the caller's controls leave it open.
    """

    def __init__(
        self,
        channels: int,
        dim: int,
        velocity_net: Callable[..., nn.Module],
        style_dim: int | None = None,
        *,
        cfg_dropout: Share,
        steps: SolverSteps,
        solver: Literal["euler", "midpoint", "exponential"],
        temperature: Temperature,
    ) -> None:
        super().__init__()
        self.settings = SamplerSettings(steps, solver, temperature, guidance=0.0).checked()
        self.cfg_dropout = cfg_dropout
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
        self._teacher: tuple[ResidualFlow, SamplerSettings] | None = None

    def distill_from_teacher(self, teacher: "ResidualFlow", steps: int) -> None:
        """Learn where ``teacher`` carries noise in ``steps`` solver steps, not from recordings.

        Paths from noise to the teacher's own samples do not cross, so few solver steps, or one,
        suffice (reflow; Liu et al. 2023, section 2.2).
        """
        self.scale.copy_(teacher.scale)
        self.seen.copy_(teacher.seen)
        settings = teacher.settings._replace(steps=steps).checked()
        # in a tuple, so that the teacher is no submodule: it is neither trained nor saved
        self._teacher = (teacher.eval().requires_grad_(False), settings)

    def forward(
        self, residual: Tensor, states: Tensor, mask: Tensor, style: Tensor | None
    ) -> FlowOutput:
        """Return predicted and target velocities at random times of straight paths.

        ``residual (B, L, channels)``, zero where padded; ``mask (B, L)``.
        """
        x0 = noise_like(residual.float(), mask)
        x1 = self._path_end(residual.float(), x0, states, mask, style)
        time = stratified_times(x1)
        x_t = torch.lerp(x0, x1, time[:, None, None])
        condition = self.condition(states, mask, self._drop_style(style))
        return FlowOutput(self.velocity(x_t, time, condition), x1 - x0, mask)

    def sample(
        self,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        controls: SynthesisControls = NEUTRAL,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return a residual ``(B, L, channels)`` in its own units, zero where padded."""
        settings = self.settings.updated(controls)
        x0 = mask.new_zeros(*mask.shape, len(self.scale), dtype=torch.float32)
        if settings.temperature:
            x0 = settings.temperature * noise_like(x0, mask, generator)
        return self.solve_ode(x0, states, mask, style, settings) * self.scale

    def solve_ode(
        self,
        x0: Tensor,
        states: Tensor,
        mask: Tensor,
        style: Tensor | None,
        settings: SamplerSettings,
    ) -> Tensor:
        """Carry noise ``x0 (B, L, channels)`` from time 0 to 1, in standardized units.

        Raises UserError for guidance without a style.
        """
        condition = self.condition(states, mask, style)
        without_style: FlowCondition | None = None
        if settings.guidance:
            if self.style is None or style is None:
                raise UserError(
                    f"guidance={settings.guidance:g}: this model has no style to strengthen; use "
                    "one trained with model/style=speaker or model/style=reference"
                )
            without_style = self.condition(states, mask, torch.zeros_like(style))

        def velocity(x: Tensor, time: float) -> Tensor:
            times = x.new_full((len(x),), time)
            v = self.velocity(x, times, condition)
            if without_style is not None:
                v = v + settings.guidance * (v - self.velocity(x, times, without_style))
            return v

        return integrate(velocity, x0, settings.steps, settings.solver) * mask[..., None]

    def velocity(self, x: Tensor, time: Tensor, condition: FlowCondition) -> Tensor:
        """Return the velocity field at ``x (B, L, channels)`` and ``time (B,)`` in [0, 1]."""
        conditioning = self.time(time)
        dtype = self.input.weight.dtype
        if condition.style is not None:
            conditioning = conditioning + condition.style
        hidden = self.input(x.to(dtype)) + condition.states
        hidden = self.velocity_net(hidden, Context(mask=condition.mask, style=conditioning))
        return gaussian_slope(time[:, None, None]) * x + self.output(hidden).float()

    def condition(self, states: Tensor, mask: Tensor, style: Tensor | None) -> FlowCondition:
        """Return what the velocity network is conditioned on at every step."""
        projected = self.style(style) if self.style is not None and style is not None else None
        return FlowCondition(self.states(states), mask, projected)

    def _path_end(
        self, residual: Tensor, x0: Tensor, states: Tensor, mask: Tensor, style: Tensor | None
    ) -> Tensor:
        """Return where the paths from ``x0`` end: the scaled residual or the teacher's sample."""
        if self._teacher is not None:
            teacher, settings = self._teacher
            with torch.no_grad():
                return teacher.to(x0.device).solve_ode(x0, states, mask, style, settings)
        if self.training and self.output.weight.requires_grad:  # not while it is frozen
            self._update_scale(residual, mask)
        return residual / self.scale

    def _drop_style(self, style: Tensor | None) -> Tensor | None:
        """Zero the style of a random share of the training utterances."""
        if self.style is None or style is None or not self.training:
            return style
        keep = torch.rand(len(style), device=style.device) >= self.cfg_dropout
        return style * keep[:, None]

    @torch.no_grad()
    def _update_scale(self, residual: Tensor, mask: Tensor) -> None:
        """Update the running standard deviation per channel, quickly in the first steps."""
        sums = torch.cat([(residual.square() * mask[..., None]).sum((0, 1)), mask.sum()[None]])
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)  # as if all processes' batches were one
        deviation = sums[:-1].div(sums[-1].clamp(min=1)).sqrt()
        decay = torch.minimum(self.seen / (10 + self.seen), self.seen.new_tensor(AVERAGE_DECAY))
        self.scale.lerp_(deviation.clamp(min=1e-3).to(self.scale.dtype), 1 - decay)
        self.seen += 1


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
        return self.layers(waves.to(next(self.layers.parameters()).dtype))


def integrate(velocity: Velocity, x0: Tensor, steps: int, solver: str = "euler") -> Tensor:
    """Solve dx/dt = velocity(x, t) from ``x0`` at time 0 to time 1 in ``steps`` equal steps."""
    step = SOLVERS[solver]
    x = x0
    for index in range(steps):
        x = step(velocity, x, index / steps, 1 / steps)
    return x


def euler(velocity: Velocity, x: Tensor, time: float, h: float) -> Tensor:
    """First order: one evaluation per step."""
    return x + h * velocity(x, time)


def midpoint(velocity: Velocity, x: Tensor, time: float, h: float) -> Tensor:
    """Second order: two evaluations per step."""
    return x + h * velocity(x + h / 2 * velocity(x, time), time + h / 2)


def exponential(velocity: Velocity, x: Tensor, time: float, h: float) -> Tensor:
    """First order in what the network adds, exact in the Gaussian part: one evaluation per step.

    Exponential Euler (Hochbruck & Ostermann 2010, section 2.1), the step of DDIM and DPM-Solver-1
    (Lu et al. 2022, section 3.2) on this path. Three steps are closer to the exact solution than
    eight of Euler.
    """
    end = time + h
    added = velocity(x, time) - gaussian_slope(time) * x
    # the integral of 1 / gaussian_spread from time to end
    weight = (math.asinh(2 * end - 1) - math.asinh(2 * time - 1)) / math.sqrt(2)
    return gaussian_spread(end) * (x / gaussian_spread(time) + weight * added)


SOLVERS = {"euler": euler, "midpoint": midpoint, "exponential": exponential}


def gaussian_slope(time: Time) -> Time:
    """Return E[x1 - x0 | x_t] / x_t of independent unit Gaussians x0 and x1."""
    return (2 * time - 1) / (time**2 + (1 - time) ** 2)


def gaussian_spread(time: float) -> float:
    """Return the standard deviation of x_t of independent unit Gaussians x0 and x1."""
    return math.hypot(time, 1 - time)


def noise_like(x: Tensor, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return standard normal noise where ``mask (B, L)`` is True, zero elsewhere.

    Padding draws no numbers, so it does not change another utterance's noise.
    """
    noise = torch.zeros_like(x)
    size = (int(mask.sum()), *x.shape[2:])
    noise[mask] = torch.randn(size, generator=generator, device=x.device, dtype=x.dtype)
    return noise


def stratified_times(x: Tensor) -> Tensor:
    """Return one time in [0, 1] per utterance: uniform, and spread evenly over the batch."""
    size = len(x)
    strata = torch.randperm(size, device=x.device)
    return (strata + torch.rand(size, device=x.device, dtype=torch.float32)) / size

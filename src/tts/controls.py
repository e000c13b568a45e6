"""Synthesis controls: how to speak. One definition for commands, Python, evaluation and voices.

To add a control, add a field here, a line in ``conf/_controls.yaml``, and the code that
reads it in a model, which names it in ``AcousticModel.controls``.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import torch
from torch import Tensor

from tts.errors import UserError


class Limits(NamedTuple):
    """The numbers that a control accepts."""

    low: float = -math.inf
    high: float = math.inf
    low_excluded: bool = False
    per_token: bool = False  # also accepts one value per token of a single sentence
    integer: bool = False

    def problem(self, value: float) -> str | None:
        """Return what is wrong with ``value``, or None."""
        low = value > self.low if self.low_excluded else value >= self.low
        integral = not self.integer or value.is_integer()
        if math.isfinite(value) and low and value <= self.high and integral:
            return None
        if math.isfinite(self.high) and self.low_excluded:
            return f"must be above {self.low:g} and at most {self.high:g}"
        if math.isfinite(self.high):
            return f"lies outside {self.low:g} to {self.high:g}"
        if not math.isfinite(self.low):
            return "must be finite"
        return f"must be {'a whole number, ' * self.integer}{self.low:g} or more"


# A number for all tokens or one per token: a list from the user, a tensor (B, N) in a Prompt.
PerToken = float | Sequence[float] | Tensor


class SynthesisControls(NamedTuple):
    """How to speak. The defaults are neutral: they change nothing in what a voice does by itself.

    Build it with :meth:`parse` from values that nobody has checked. On top of a voice's own
    defaults (:meth:`on`) a factor multiplies, a shift adds, and a value other than None replaces.
    """

    # factors and shifts of the predicted prosody
    rate: Annotated[PerToken, Limits(0.1, 10, per_token=True)] = 1.0  # times faster
    pitch: Annotated[PerToken, Limits(per_token=True)] = 0.0  # semitones up
    energy: Annotated[PerToken, Limits(per_token=True)] = 0.0  # decibels up
    # factor on the pitch's deviation from the speaker's mean: 0 is monotone, 1.3 is livelier
    pitch_range: Annotated[PerToken, Limits(0, 5, per_token=True)] = 1.0
    # factor on each mel band's deviation from its mean: 1.1 is clearer, 1.2 is harsh
    variance_scale: Annotated[float | None, Limits(0, 2, low_excluded=True)] = None
    # noise scale of durations and, in models that sample them, pitch and energy; 0: deterministic
    prosody_temperature: Annotated[float | None, Limits(0)] = None
    # sampling of the mel or codes, in models that sample them
    temperature: Annotated[float | None, Limits(0)] = None  # noise scale; 0: deterministic
    steps: Annotated[int | None, Limits(1, integer=True)] = (
        None  # ODE solver steps: fewer are faster
    )
    solver: str | None = None  # ODE solver: euler or midpoint
    guidance: Annotated[float | None, Limits()] = None  # classifier-free guidance scale; 0: off

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> "SynthesisControls":
        """Return controls from numbers, lists or numeric strings by name; None is neutral.

        Raises UserError for an unknown name and for a value that its control does not accept.
        """
        if unknown := sorted(values.keys() - set(cls._fields)):
            raise UserError(
                f"{unknown[0]}: no such synthesis control; choose from {', '.join(cls._fields)}"
            )
        given = {name: _parse(name, value) for name, value in values.items() if value is not None}
        return cls(**given)

    def updated(self, values: Mapping[str, object]) -> "SynthesisControls":
        """Return these controls, checked, with ``values`` in place of their fields by name."""
        return self.parse({**self._asdict(), **values})

    def changed(self) -> dict[str, object]:
        """Return the controls that differ from their neutral value, by name."""
        neutral = NEUTRAL._asdict()
        return {
            name: value
            for name, value in self._asdict().items()
            if isinstance(value, Tensor) or value != neutral[name]
        }

    def only(self, names: Iterable[str]) -> "SynthesisControls":
        """Return these controls with all but ``names`` set to neutral."""
        kept = set(names)
        return SynthesisControls(**{n: v for n, v in self._asdict().items() if n in kept})

    def has_per_token(self) -> bool:
        """Return whether any control has one value per token."""
        return any(isinstance(value, list | Tensor) for value in self)

    def for_tokens(self, count: int, device: torch.device) -> "SynthesisControls":
        """Return these controls for a sentence of ``count`` tokens: lists become ``(1, N)``.

        Raises UserError for a list of another length.
        """
        values = self._asdict()
        for name, limits in LIMITS.items():
            if limits.per_token:
                tensor = torch.as_tensor(values[name], dtype=torch.float32, device=device)
                if tensor.ndim and len(tensor) != count:
                    raise UserError(
                        f"{name} has {len(tensor)} values and the sentence {count} tokens"
                    )
                values[name] = tensor[None] if tensor.ndim else float(tensor)
        return SynthesisControls(**values)

    def on(self, defaults: "SynthesisControls") -> "SynthesisControls":
        """Return these controls on top of a voice's ``defaults``, which are single numbers."""
        values, voice = self._asdict(), defaults._asdict()
        for name, neutral in NEUTRAL._asdict().items():
            own, default = values[name], voice[name]
            if neutral is None:
                values[name] = default if own is None else own
            else:
                values[name] = default * own if neutral == 1 else default + own
        return SynthesisControls(**values)


NEUTRAL = SynthesisControls()
LIMITS: dict[str, Limits] = {
    name: get_args(hint)[1]
    for name, hint in get_type_hints(SynthesisControls, include_extras=True).items()
    if isinstance(get_args(hint)[-1], Limits)
}


def _parse(name: str, value: object) -> Any:
    """Return ``value`` as the type of control ``name``, within its limits."""
    if name not in LIMITS:
        return str(value)
    limits = LIMITS[name]
    many = limits.per_token and isinstance(value, Iterable) and not isinstance(value, str)
    try:
        numbers = [float(v) for v in value] if many else [float(value)]  # type: ignore
    except (TypeError, ValueError) as error:
        more = ", or [a,b,...] with one for each symbol" if limits.per_token else ""
        raise UserError(f"{name}={value}: give a number{more}") from error
    for number in numbers:
        if problem := limits.problem(number):
            raise UserError(f"{name}={number:g} {problem}")
    if many:
        return numbers
    return int(numbers[0]) if limits.integer else numbers[0]

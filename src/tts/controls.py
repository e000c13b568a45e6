"""Synthesis controls: how to speak. One definition for commands, Python, evaluation and voices.

To add a control, add a field here, a line in ``conf/_controls.yaml``, and the code that
reads it in a model, which names it in ``AcousticModel.controls``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import torch
from torch import Tensor

from tts.bounds import Bound, SolverSteps, Temperature
from tts.errors import UserError

# A number for all tokens or one per token: a list from the user, a tensor (B, N) in a Prompt.
PerToken = float | Sequence[float] | Tensor


class SynthesisControls(NamedTuple):
    """How to speak. The defaults are neutral: they change nothing in what a voice does by itself.

    Build it with :meth:`parse` from values that nobody has checked. On top of a voice's own
    defaults (:meth:`on`) a factor multiplies, a shift adds, and a value other than None replaces.
    """

    # factors and shifts of the predicted prosody
    rate: Annotated[PerToken, Bound(least=0.1, most=10)] = 1.0  # times faster
    pitch: Annotated[PerToken, Bound(least=-48, most=48)] = 0.0  # semitones up
    energy: Annotated[PerToken, Bound(least=-60, most=60)] = 0.0  # decibels up
    # factor on the pitch's deviation from the speaker's mean: 0 is monotone, 1.3 is livelier
    pitch_range: Annotated[PerToken, Bound(least=0, most=5)] = 1.0
    # factor on each mel band's deviation from its mean: 1.1 is clearer, 1.2 is harsh
    variance_scale: Annotated[float | None, Bound(above=0, most=2)] = None
    # noise scale of durations and, in models that sample them, pitch and energy; 0: deterministic
    prosody_temperature: Temperature | None = None
    # sampling of the mel or codes, in models that sample them
    temperature: Temperature | None = None  # noise scale; 0: deterministic
    # takes of a sentence of which the best is kept, in models that read by attention
    candidates: Annotated[int, Bound(least=1, most=64)] | None = None
    # sampling of codec tokens, in models of codes
    top_k: Annotated[int, Bound(least=1)] | None = None  # likeliest tokens to choose from
    # fewest tokens to choose from that have this probability together; 1: all
    top_p: Annotated[float, Bound(above=0, most=1)] | None = None
    # factor on the log-probability of tokens of the last steps; 1: none
    repetition_penalty: Annotated[float, Bound(least=1, most=10)] | None = None
    # hypotheses of a search for the likeliest tokens, in place of sampling; 1: no search
    beam: Annotated[int, Bound(least=1, most=64)] | None = None
    steps: SolverSteps | None = None  # ODE solver steps: fewer are faster
    solver: Literal["euler", "midpoint"] | None = None  # ODE solver
    # rounds of models that refine codes: of every codebook, or [first,second,...], the last for
    # all that follow
    iterations: Annotated[int | Sequence[int], Bound(least=1, most=1000)] | None = None
    mask_schedule: Literal["cosine", "linear"] | None = None  # share that stays masked, by round
    # noise on the confidence that decides which tokens are kept, falling to 0 over the rounds
    confidence_temperature: Temperature | None = None
    remask: bool | None = None  # whether tokens that are kept can be masked again
    # mean confidence of the masked tokens that ends the rounds of a codebook
    stop_confidence: Annotated[float | None, Bound(least=0, most=1)] = None
    # ends them where another round helps with a lower probability; 0: never
    stop_probability: Annotated[float | None, Bound(least=0, most=1)] = None
    # classifier-free guidance scale; 0: off
    guidance: Annotated[float | None, Bound(least=-100, most=100)] = None

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
                _require_sum_or_product(name, own, default, values[name])
        return SynthesisControls(**values)


class Limits(NamedTuple):
    """What a control accepts, from its annotation."""

    bound: Bound
    whole: bool
    per_token: bool  # also one value per token of a single sentence
    per_codebook: bool  # also one value per codebook

    @property
    def words(self) -> str:
        of = "symbol" if self.per_token else "codebook" if self.per_codebook else None
        more = f", or [a,b,...] with one for each {of}" if of else ""
        return f"expected {self.bound.words(self.whole)}{more}"


def _limits(hint: Any) -> Iterator[Limits]:
    """Yield the limits of a field's annotation; none for a choice of words."""
    for member in (hint, *get_args(hint)):
        kinds = get_args(get_args(member)[0]) or (get_args(member)[0],) if get_args(member) else ()
        for bound in getattr(member, "__metadata__", ()):
            yield Limits(bound, int in kinds, Tensor in kinds, Sequence[int] in kinds)


NEUTRAL = SynthesisControls()
_HINTS = get_type_hints(SynthesisControls, include_extras=True)
LIMITS: dict[str, Limits] = {
    name: limits for name, hint in _HINTS.items() for limits in _limits(hint)
}


def _parse(name: str, value: object) -> Any:
    """Return ``value`` as the type of control ``name``, within its limits."""
    if name not in LIMITS:
        choices = get_args(get_args(_HINTS[name])[0])
        if not choices:
            return _parse_flag(name, value)
        if value not in choices:
            raise UserError(f"{name}={value}: choose from {', '.join(choices)}")
        return value
    limits = LIMITS[name]
    listed = isinstance(value, Iterable) and not isinstance(value, str)
    many = listed and (limits.per_token or limits.per_codebook)
    try:
        numbers = [float(v) for v in value] if many else [float(value)]  # type: ignore
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}={value}: {limits.words}") from error
    if many and limits.per_codebook and not numbers:
        raise UserError(f"{name}=[]: {limits.words}")
    for number in numbers:
        if not limits.bound.accepts(number) or (limits.whole and not number.is_integer()):
            raise UserError(f"{name}={number:g}: {limits.words}")
    if many:
        return tuple(int(n) for n in numbers) if limits.per_codebook else numbers
    return int(numbers[0]) if limits.whole else numbers[0]


def _parse_flag(name: str, value: object) -> bool:
    """Return ``value`` as true or false."""
    flags = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in flags:
        raise UserError(f"{name}={value}: expected true or false")
    return flags[value]


def _require_sum_or_product(name: str, asked: Any, default: Any, result: Any) -> None:
    """Raise UserError where a control and the voice's own together leave its range."""
    for number in torch.as_tensor(result, dtype=torch.float64).flatten().tolist():
        # float32 of a list's entries, and of their product
        if not LIMITS[name].bound.accepts(float(f"{number:.6g}")):
            own = f"the voice's own {name} of {default:g}"
            raise UserError(
                f"{name}={_shown(asked)} and {own} make {number:g}: "
                f"expected {LIMITS[name].bound.words()}"
            )


def _shown(value: Any) -> str:
    if isinstance(value, Tensor):
        value = value.flatten().tolist()
    return f"[{','.join(f'{v:g}' for v in value)}]" if isinstance(value, list) else f"{value:g}"

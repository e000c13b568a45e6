"""Synthesis controls: how to speak. One definition for commands, Python, evaluation and voices.

To add a control, add a field here, a line in ``conf/_controls.yaml``, and the code that
reads it in a model, which names it in ``AcousticModel.controls``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import numpy as np

from tts.bounds import ENERGY, GUIDANCE, PITCH, PITCH_RANGE, RATE, Bound, SolverSteps, Temperature
from tts.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:  # voices in ONNX speak without torch, whose import takes a second

    class Tensor:
        """Stands for torch's in annotations."""


# A number for all tokens or one per token: a list from the user, a tensor (B, N) in a Prompt.
PerToken = float | Sequence[float] | Tensor
WEIGHT = Bound(least=-10, most=10)
Weight = Annotated[float, WEIGHT]  # of a style


class SynthesisControls(NamedTuple):
    """How to speak. The defaults are neutral: they change nothing in what a voice does by itself.

    Build it with :meth:`parse` from values that nobody has checked. On top of a voice's own
    defaults (:meth:`on`) a factor multiplies, a shift adds, and a value other than None replaces.
    """

    # factors and shifts of the predicted prosody
    rate: Annotated[PerToken, RATE] = 1.0  # times faster
    pitch: Annotated[PerToken, PITCH] = 0.0  # semitones up
    energy: Annotated[PerToken, ENERGY] = 0.0  # decibels up
    # factor on the pitch's deviation from the speaker's mean: 0 is monotone, 1.3 is livelier
    pitch_range: Annotated[PerToken, PITCH_RANGE] = 1.0
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
    solver: Literal["euler", "midpoint", "exponential"] | None = None  # ODE solver
    # rounds of models that refine codes: of every codebook, or [first,second,...], the last for
    # all that follow
    iterations: Annotated[int | Sequence[int], Bound(least=1, most=1000)] | None = None
    mask_schedule: Literal["cosine", "linear"] | None = None  # share that stays masked, by round
    # sampling of the tokens of all codebooks but the first, in models of codes; 0: the likeliest
    fine_temperature: Temperature | None = None
    # noise on the confidence that decides which tokens are kept, falling to 0 over the rounds
    confidence_temperature: Temperature | None = None
    remask: bool | None = None  # whether tokens that are kept can be masked again
    # mean confidence of the masked tokens that ends the rounds of a codebook
    stop_confidence: Annotated[float | None, Bound(least=0, most=1)] = None
    # ends them where another round helps with a lower probability; 0: never
    stop_probability: Annotated[float | None, Bound(least=0, most=1)] = None
    # weight of style tokens by their number, or "drawn"; None: those of the reference
    style_tokens: Mapping[int, Weight] | Literal["drawn"] | None = None
    # factor on single styles of a composed style, by name; 0: without it
    style_weights: Mapping[str, Weight] | None = None
    # scale of the noise of a variational style and of drawn style tokens; None: none, 1 if drawn
    style_temperature: Temperature | None = None
    # classifier-free guidance scale; 0: off
    guidance: Annotated[float | None, GUIDANCE] = None

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
            if _is_array(value) or value != neutral[name]
        }

    def only(self, names: Iterable[str]) -> "SynthesisControls":
        """Return these controls with all but ``names`` set to neutral."""
        kept = set(names)
        return SynthesisControls(**{n: v for n, v in self._asdict().items() if n in kept})

    def has_per_token(self) -> bool:
        """Return whether any control has one value per token."""
        return any(isinstance(value, list) or _is_array(value) for value in self)

    def for_tokens(self, count: int, device: "torch.device | None") -> "SynthesisControls":
        """Return these controls for a sentence of ``count`` tokens: lists become ``(1, N)``.

        They are tensors on ``device``, or numpy's arrays without one. Raises UserError for a list
        of another length.
        """
        values = self._asdict()
        for name, limits in LIMITS.items():
            if limits.per_token:
                given = values[name]
                if not isinstance(given, list) and not _is_array(given):
                    # as float32 rounds it
                    values[name] = float(np.float32(given))
                    continue
                if len(given) != count:
                    raise UserError(
                        f"{name} has {len(given)} values and the sentence {count} tokens"
                    )
                values[name] = _array(given, device)[None]
        return SynthesisControls(**values)

    def on(
        self, defaults: "SynthesisControls", whose: str = "the voice's own", ours: str = ""
    ) -> "SynthesisControls":
        """Return these controls on top of a voice's ``defaults``, or of those of marked-up text.

        ``whose``: what the defaults are, for a message; ``ours``: what these are, before their
        value. Raises UserError where both together leave a control's range.
        """
        values, voice = self._asdict(), defaults._asdict()
        for name, neutral in NEUTRAL._asdict().items():
            own, default = values[name], voice[name]
            if neutral is None:
                values[name] = default if own is None else own
            else:
                values[name] = default * own if neutral == 1 else default + own
                _require_sum_or_product((ours, name), own, default, values[name], whose)
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


def shown(value: object) -> str:
    """Return a control's value for a message; of many numbers the first ones."""
    if _is_array(value):
        value = _numbers(value).flatten().tolist()
    if isinstance(value, list) and len(value) > 6:
        return f"[{', '.join(f'{number:g}' for number in value[:6])}, ...]"
    return str(value)


def _is_array(value: object) -> bool:
    """Return whether ``value`` is a tensor or numpy's array."""
    return hasattr(value, "ndim")


def _array(values: Any, device: "torch.device | None") -> Any:
    """Return ``values`` as a float32 tensor on ``device``, or numpy's array without one."""
    if device is None:
        return np.asarray(values, dtype=np.float32)
    import torch

    return torch.as_tensor(values, dtype=torch.float32, device=device)


def _limits(hint: Any) -> Iterator[Limits]:
    """Yield the limits of a field's annotation; none for a choice of words."""
    for member in (hint, *get_args(hint)):
        kinds = get_args(get_args(member)[0]) or (get_args(member)[0],) if get_args(member) else ()
        for bound in getattr(member, "__metadata__", ()):
            yield Limits(bound, int in kinds, Tensor in kinds, Sequence[int] in kinds)


NEUTRAL = SynthesisControls()
# controls of weights by key -> the type of the key, and words in place of weights
WEIGHTED: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "style_tokens": (int, ("drawn",)),
    "style_weights": (str, ()),
}
_HINTS = get_type_hints(SynthesisControls, include_extras=True)
LIMITS: dict[str, Limits] = {
    name: limits for name, hint in _HINTS.items() for limits in _limits(hint)
}


def _parse(name: str, value: object) -> Any:
    """Return ``value`` as the type of control ``name``, within its limits."""
    if name in WEIGHTED:
        return _parse_weights(name, value)
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


def _parse_weights(name: str, value: object) -> Any:
    """Return weights by the number or the name of what they belong to, or a word for them."""
    key, words = WEIGHTED[name]
    if value in words:
        return value
    expected = " or ".join(("weights {KEY: WEIGHT, ...} from -10 to 10", *words))
    if not isinstance(value, Mapping) or not value:
        raise UserError(f"{name}={value}: expected {expected}")
    try:
        weights = {key(each): float(weight) for each, weight in value.items()}
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}={dict(value)}: expected {expected}") from error
    for each, weight in weights.items():
        if not WEIGHT.accepts(weight):
            raise UserError(f"{name}={{{each}: {weight:g}}}: expected {expected}")
    return weights


def _parse_flag(name: str, value: object) -> bool:
    """Return ``value`` as true or false."""
    flags = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | np.bool_ | str) or value not in flags:
        raise UserError(f"{name}={value}: expected true or false")
    return flags[value if isinstance(value, str) else bool(value)]


def _require_sum_or_product(
    control: tuple[str, str], asked: Any, default: Any, result: Any, whose: str
) -> None:
    """Raise UserError where two values of a control together leave its range.

    ``control``: words for a message, and its name.
    """
    words, name = control
    numbers = [_numbers(value) for value in (result, asked, default)]
    columns = (column.flatten().tolist() for column in np.broadcast_arrays(*numbers))
    for number, ours, theirs in zip(*columns, strict=True):
        # float32 of a list's entries, and of their product
        if not LIMITS[name].bound.accepts(float(f"{number:.6g}")):
            raise UserError(
                f"{words}{name}={float(f'{ours:.6g}'):g} and {whose} {name} of {theirs:g} make "
                f"{number:g}: expected {LIMITS[name].bound.words()}"
            )


def _numbers(value: Any) -> np.ndarray:
    """Return a number, a list or an array of numpy or torch as numpy's array."""
    return np.asarray(value.tolist() if _is_array(value) else value, dtype=np.float64)

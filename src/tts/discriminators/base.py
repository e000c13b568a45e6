"""Discriminators by name, and what is common to them: channels, convolutions, outputs."""

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from tts.errors import UserError

SLOPE = 0.1  # of the leaky ReLUs


class DiscriminatorOutput(NamedTuple):
    """Output of one discriminator: logits are high for a signal classified as a recording."""

    logits: list[Tensor]  # one tensor per sub-discriminator, of any shape
    feature_maps: list[list[Tensor]]  # per sub-discriminator, the output of each layer


class Discriminators(nn.Module):
    """Discriminators by name, all applied to the same signal.

    ``discriminators``: factories. A factory declares what it needs by its parameters' names, and
    gets those of ``discriminator_kwargs`` that it declares: ``sample_rate`` (Hz) from a system that
    trains a vocoder, ``bands`` from one that trains an acoustic model.
    Raises UserError when a factory needs something that is not there.
    """

    def __init__(
        self, discriminators: Mapping[str, Callable[..., nn.Module]], **discriminator_kwargs: object
    ) -> None:
        super().__init__()
        self.members = nn.ModuleDict(
            {
                name: make(**_declared(name, make, discriminator_kwargs))
                for name, make in discriminators.items()
            }
        )

    def forward(self, signal: object) -> dict[str, DiscriminatorOutput]:
        """Map each name to its output; ``signal``: ``(B, S)`` samples, or a ``MelWindows``."""
        return {name: member(signal) for name, member in self.members.items()}


class MultiDiscriminator(nn.Module):
    """Sub-discriminators of one kind, each with its own view of the signal (:meth:`inputs`).

    A member maps its input to ``(logits, feature_maps)``. ``signal``: what :meth:`forward` takes,
    "waveform" for ``(B, S)`` samples or "mel" for a ``MelWindows``.
    """

    signal: ClassVar[str] = "waveform"

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, signal: Tensor) -> DiscriminatorOutput:
        parts = zip(self.members, self.inputs(signal), strict=True)
        pairs = [member(part) for member, part in parts]
        return DiscriminatorOutput([logits for logits, _ in pairs], [maps for _, maps in pairs])

    def inputs(self, signal: Tensor) -> list[Tensor]:
        """Return the input of each member; by default the signal itself."""
        return [signal] * len(self.members)


def scaled_channels(channels: int, width: float) -> int:
    """Return ``width * channels`` rounded to a multiple of 4, at least 4."""
    return max(round(channels * width / 4) * 4, 4)


def forward_with_features(
    layers: nn.ModuleList, last: nn.Module, x: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """Apply convolutions with leaky ReLUs and a ``last`` one: logits, and every layer's output."""
    feature_maps = []
    assert isinstance(last.bias, Tensor)
    x = x.to(last.bias.dtype)
    for layer in layers:
        x = nn.functional.leaky_relu(layer(x), SLOPE)
        feature_maps.append(x)
    logits = last(x)
    return logits, [*feature_maps, logits]


def _declared(
    name: str, make: Callable[..., nn.Module], available: Mapping[str, object]
) -> dict[str, object]:
    """Return those of ``available`` that a factory has a parameter for."""
    parameters = signature(make).parameters
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    required = {n for n, p in parameters.items() if p.default is p.empty and p.kind in named}
    if missing := sorted(required - set(available)):
        raise UserError(
            f"discriminator '{name}' needs {', '.join(missing)}; this system gives "
            f"{', '.join(available) or 'nothing'}: choose a discriminator made for this model"
        )
    return {key: value for key, value in available.items() if key in parameters}

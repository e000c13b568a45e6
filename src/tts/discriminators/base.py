"""Several discriminators as one, and what they say."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

SLOPE = 0.1  # of the leaky ReLUs


class DiscriminatorOutput(NamedTuple):
    """Of one discriminator: scores high for what it takes for real, and its inner layers."""

    logits: list[Tensor]  # of each sub-discriminator, any shape
    feature_maps: list[list[Tensor]]  # of each, layer by layer


class Discriminators(nn.Module):
    """Discriminators by name, each made with ``about``; what they see -> their judgements."""

    def __init__(
        self, discriminators: Mapping[str, Callable[..., nn.Module]], **discriminator_kwargs: Any
    ) -> None:
        super().__init__()
        self.members = nn.ModuleDict(
            {n: make(**discriminator_kwargs) for n, make in discriminators.items()}
        )

    def forward(self, signal: Any) -> dict[str, DiscriminatorOutput]:
        return {name: judge(signal) for name, judge in self.members.items()}


def scaled_channels(channels: int, width: float) -> int:
    """``channels`` of the paper times ``width``; never below 4, and a multiple of 4."""
    return max(round(channels * width / 4) * 4, 4)


def forward_with_features(
    layers: nn.ModuleList, last: Any, x: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """Through a stack of convolutions with leaky ReLUs: the score, and every layer on the way."""
    features = []
    x = x.to(last.bias.dtype)
    for layer in layers:
        x = nn.functional.leaky_relu(layer(x), SLOPE)
        features.append(x)
    x = last(x)
    return x, [*features, x]


class MultiDiscriminator(nn.Module):
    """Sub-discriminators, each of which says ``score, features`` of what it gets of the same."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, signal: Any) -> DiscriminatorOutput:
        parts = zip(self.members, self.inputs(signal), strict=True)
        pairs = [member(part) for member, part in parts]
        return DiscriminatorOutput(
            [score for score, _ in pairs], [features for _, features in pairs]
        )

    def inputs(self, wave: Tensor) -> list[Tensor]:
        """What each member gets to hear."""
        return [wave] * len(self.members)

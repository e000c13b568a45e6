"""Several discriminators as one, and what they say."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from torch import Tensor, nn

SLOPE = 0.1  # of the leaky ReLUs


class Judgement(NamedTuple):
    """Of one discriminator: scores high for what it takes for real, and its inner layers."""

    scores: list[Tensor]  # of each sub-discriminator, any shape
    features: list[list[Tensor]]  # of each, layer by layer


class Judges(nn.Module):
    """Discriminators by name. ``(B, S)`` samples -> a :class:`Judgement` by name."""

    def __init__(self, discriminators: Mapping[str, Callable[..., nn.Module]], rate: int) -> None:
        super().__init__()
        self.members = nn.ModuleDict(
            {name: make(sample_rate=rate) for name, make in discriminators.items()}
        )

    def forward(self, wave: Tensor) -> dict[str, Judgement]:
        return {name: judge(wave) for name, judge in self.members.items()}


def narrow(channels: int, width: float) -> int:
    """``channels`` of the paper times ``width``; never below 4, and a multiple of 4."""
    return max(round(channels * width / 4) * 4, 4)


def through(layers: nn.ModuleList, last: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Through a stack of convolutions with leaky ReLUs: the score, and every layer on the way."""
    features = []
    for layer in layers:
        x = nn.functional.leaky_relu(layer(x), SLOPE)
        features.append(x)
    x = last(x)
    return x, [*features, x]


class Panel(nn.Module):
    """Sub-discriminators, ``(B, S) -> score, features`` each, that hear the same samples."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, wave: Tensor) -> Judgement:
        pairs = [
            member(heard) for member, heard in zip(self.members, self.heard(wave), strict=True)
        ]
        return Judgement([score for score, _ in pairs], [features for _, features in pairs])

    def heard(self, wave: Tensor) -> list[Tensor]:
        """What each member gets to hear."""
        return [wave] * len(self.members)

"""Ranges of configured values, declared once in the annotations of constructors.

``dropout: Probability = 0.1`` declares both the type and the range; :mod:`tts.config.value_types`
reads the annotation when a config is composed.
"""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from tts.errors import UserError


class Bound(NamedTuple):
    """The numbers that an annotated ``int`` or ``float`` accepts; never NaN or infinity."""

    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None
    odd: bool = False

    def accepts(self, number: float) -> bool:
        """Return whether ``number`` lies in the range."""
        return (
            math.isfinite(number)
            and (self.above is None or number > self.above)
            and (self.least is None or number >= self.least)
            and (self.below is None or number < self.below)
            and (self.most is None or number <= self.most)
            and (not self.odd or number % 2 == 1)
        )

    def words(self, whole: bool = False) -> str:
        """Describe the range: "a number above 0", "a whole number from 1 to 64"."""
        noun = f"{'an odd' if self.odd else 'a'} {'whole ' * whole}number"
        if self.least is not None and self.most is not None:
            return f"{noun} from {self.least:.15g} to {self.most:.15g}"
        low = f" above {self.above:.15g}" if self.above is not None else ""
        low = f", {self.least:.15g} or more" if self.least is not None else low
        high = f" below {self.below:.15g}" if self.below is not None else ""
        high = f" at most {self.most:.15g}" if self.most is not None else high
        return noun + (f"{low} and{high}" if low and high else low or high)


class Length(NamedTuple):
    """The number of entries that an annotated sequence or mapping has, at the least."""

    least: int = 1


# numbers
Positive = Annotated[float, Bound(above=0)]
NonNegative = Annotated[float, Bound(least=0)]
Share = Annotated[float, Bound(least=0, most=1)]
ShareBelowOne = Annotated[float, Bound(least=0, below=1)]
Factor = Annotated[float, Bound(above=0, below=1)]
PositiveShare = Annotated[float, Bound(above=0, most=1)]
Probability = ShareBelowOne  # of dropout: 1 would drop everything
AtLeastOne = Annotated[float, Bound(least=1)]
Decibels = Annotated[float, Bound(least=-200, most=200)]
Expansion = Annotated[float, Bound(above=0, most=64)]  # channels as a multiple of others

# whole numbers; the upper limits are beyond any use, and keep a typing error from filling memory
Count = Annotated[int, Bound(least=1)]
Steps = Annotated[int, Bound(least=0)]  # optimizer steps, iterations, a number of anything
SEED = Bound(least=0, most=2**32 - 1)
Seed = Annotated[int, SEED]
Processes = Annotated[int, Bound(least=0, most=1024)]
Channels = Annotated[int, Bound(least=1, most=65536)]
Depth = Annotated[int, Bound(least=1, most=1024)]  # layers or blocks
Kernel = Annotated[int, Bound(least=1, most=65535)]
OddKernel = Annotated[int, Bound(least=1, most=65535, odd=True)]
Window = Annotated[int, Bound(least=4, most=2**20)]  # samples of an STFT
SolverSteps = Annotated[int, Bound(least=1, most=1000)]
Iterations = Annotated[int, Bound(least=0, most=100_000)]
SampleRate = Annotated[int, Bound(least=1000, most=768_000)]  # Hz
Heads = Annotated[int, Bound(least=1, most=1024)]
TableSize = Annotated[int, Bound(least=1, most=30_000)]  # symbols, whose ids have 16 bits
Octaves = Annotated[int, Bound(least=1, most=16)]
Width = Annotated[float, Bound(above=0, most=16)]  # share of the published channels
Temperature = Annotated[float, Bound(least=0, most=10)]  # scale of the noise in synthesis
# of synthesis: for a text, a token or a span of marked-up text
RATE = Bound(least=0.1, most=10)  # times faster
PITCH = Bound(least=-48, most=48)  # semitones
ENERGY = Bound(least=-60, most=60)  # decibels
GUIDANCE = Bound(least=-100, most=100)
PITCH_RANGE = Bound(least=0, most=5)  # times the deviation from the mean
Counts = Annotated[Sequence[Count], Length()]
Kernels = Annotated[Sequence[Kernel], Length()]
OddKernels = Annotated[Sequence[OddKernel], Length()]
Windows = Annotated[Sequence[Window], Length()]


def require_equal_lengths(**lists: Sequence[object]) -> None:
    """Raise UserError naming the lists unless they have as many entries."""
    if len({len(values) for values in lists.values()}) > 1:
        given = " and ".join(f"{name}={list(values)}" for name, values in lists.items())
        raise UserError(f"{given} must have the same length")

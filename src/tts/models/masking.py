"""Masks of codec tokens: how many are hidden over the rounds, and which in a training step.

After SoundStorm (Borsos et al. 2023, section 3.2) and MaskGIT (Chang et al. 2022, section 3.1).
Legend: B utterances, T code frames, K codebooks.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

ScheduleName = Literal["cosine", "linear"]
# share of a level's tokens that is still masked after a share of its rounds, from 1 to 0
SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": lambda done: math.cos(done * math.pi / 2),
    "linear": lambda done: 1 - done,
}
LEAST_HIDDEN = 0.3  # share of an utterance's frames that a training step hides at the least


class TrainingMask(NamedTuple):
    """What a training step hides of the codes: frames, and the tokens of a level in them."""

    level: Tensor  # (B,) int64 codebook that is predicted; finer ones are hidden
    given: Tensor  # (B, T) bool frames whose codes are all known: the prompt
    masked: Tensor  # (B, T) bool frames whose token of this level is predicted

    def hidden(self, codebooks: int) -> Tensor:
        """Return the tokens that the model does not see, ``(B, T, K)``."""
        k = torch.arange(codebooks, device=self.level.device)
        level = self.level[:, None, None]
        return ((k == level) & self.masked[..., None]) | ((k > level) & ~self.given[..., None])


def draw_mask(
    level: Tensor,
    lengths: Tensor,
    frames: int,
    prompted: float,
    generator: torch.Generator | None = None,
) -> TrainingMask:
    """Draw a mask of each utterance: a cosine of a uniform time, in the frames outside a prompt.

    ``level (B,)``; ``lengths (B,)`` code frames; ``prompted``: share of utterances with a prompt.
    Frames of padding are neither given nor masked, and draw no numbers that others get.
    """
    size, device = len(lengths), lengths.device

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=device)

    given = _prompts(lengths, frames, uniform(3, size), uniform(size) < prompted)
    real = torch.arange(frames, device=device) < lengths[:, None]
    hidden = real & ~given
    share = torch.cos(uniform(size) * (math.pi / 2))
    count = (share * hidden.sum(-1)).round().long().clamp(min=1)
    noise = uniform(frames, size).mT  # time is the slower axis: padding changes no real frame
    return TrainingMask(level, given, lowest(noise, hidden, count))


def _prompts(lengths: Tensor, frames: int, random: Tensor, chosen: Tensor) -> Tensor:
    """Return the given frames ``(B, T)``: all but a random span, which ends the utterance in half
    of the cases (a continuation) and lies anywhere else (a replacement)."""
    size, place, last = random
    span = ((LEAST_HIDDEN + (1 - LEAST_HIDDEN) * size) * lengths).round().clamp(min=1)
    start = ((lengths - span) * torch.where(last < 0.5, 1.0, place)).round()
    frame = torch.arange(frames, device=lengths.device)
    outside = (frame < start[:, None]) | (frame >= (start + span)[:, None])
    return outside & (frame < lengths[:, None]) & chosen[:, None]


def lowest(scores: Tensor, among: Tensor, count: Tensor) -> Tensor:
    """Return a mask of the ``count (B,)`` positions ``among (B, T)`` with the lowest scores."""
    order = scores.masked_fill(~among, torch.inf).argsort(dim=-1, stable=True)
    rank = torch.empty_like(order).scatter_(-1, order, _positions(order))
    return (rank < count[:, None]) & among


def _positions(order: Tensor) -> Tensor:
    return torch.arange(order.shape[1], device=order.device).expand_as(order)

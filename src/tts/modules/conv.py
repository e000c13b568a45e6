"""Convolution over time, depthwise over several scales at once, and the gated mixer around it."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.positional import NoPosition, refuse_relative

Direction = Literal["causal", "anticausal", "centered"]


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, padding: int = 0, groups: int = 1
) -> Tensor:
    """``x (B, T, C)``, ``weight (D, C / groups, K)`` -> ``(B, T + 2 padding - K + 1, D)``.

    On a CPU ``(B, T, C)`` is taken for an image of one row whose channels come last. ``conv1d``
    would copy it, and a depthwise one take two to three times as long. The bias is added by itself,
    for oneDNN sums its gradient slowly.
    """
    if x.device.type != "cpu":
        return F.conv1d(x.mT, weight, bias, padding=padding, groups=groups).mT
    image = x[:, None].permute(0, 3, 1, 2)  # (B, C, 1, T)
    y = F.conv2d(image, weight[:, :, None], padding=(0, padding), groups=groups)
    y = y.permute(0, 2, 3, 1)[:, 0]
    return y if bias is None else y + bias.to(y.dtype)


class ChannelsLastConv1d(nn.Conv1d):
    """``nn.Conv1d`` for ``(B, T, C)``: the same parameters, the same numbers, no transposition."""

    def forward(self, x: Tensor) -> Tensor:
        padding = self.padding[0]
        assert isinstance(padding, int)
        return convolve(x, self.weight, self.bias, padding, self.groups)


class DepthwiseConv(nn.Module):
    """The sum of depthwise convolutions of several sizes. ``(B, T, dim) -> (B, T, dim)``.

    A sum of convolutions is one convolution whose kernel is the sum of theirs, padded to the
    largest: the scales are folded so at run time, and cost no more than the largest alone (Ding et
    al. 2022, RepLKNet, section 3.1). ``kernels``: frames of each. ``direction``: which frames an
    output sees, ``causal`` (itself and before), ``anticausal`` (itself and after) or ``centered``
    (odd kernels). What lies outside the input counts as zero; padding must be zeroed by the caller.
    """

    def __init__(
        self, dim: int, kernels: Sequence[int] = (3, 7, 15, 31), direction: Direction = "centered"
    ) -> None:
        super().__init__()
        self.kernels, self.size = tuple(kernels), max(kernels)
        if direction not in ("causal", "anticausal", "centered"):
            raise UserError(f"direction={direction!r}: choose causal, anticausal or centered")
        if direction == "centered" and any(kernel % 2 == 0 for kernel in self.kernels):
            raise UserError(f"kernels={list(self.kernels)}: a centered convolution needs odd ones")
        # frames seen before and after the one computed
        self.before = {"causal": self.size - 1, "anticausal": 0, "centered": self.size // 2}[
            direction
        ]
        self.after = self.size - 1 - self.before
        # one tap row per frame and scale: (kernel, dim), as the input lies in memory
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(kernel, dim)) for kernel in self.kernels
        )
        self.bias = nn.Parameter(torch.zeros(dim))
        for weight in self.weights:
            bound = (len(weight) * len(self.kernels)) ** -0.5
            nn.init.uniform_(weight, -bound * 3**0.5, bound * 3**0.5)

    def folded(self) -> Tensor:
        """``(size, dim)``: every scale in one kernel."""
        folded = None
        for weight in self.weights:
            spare = self.size - len(weight)
            front = spare if self.after == 0 else 0 if self.before == 0 else spare // 2
            padded = F.pad(weight, (0, 0, front, spare - front)) if spare else weight
            folded = padded if folded is None else folded + padded
        assert folded is not None
        return folded

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, self.before, self.after))
        weight, bias = self.folded().T[:, None].to(x.dtype), self.bias.to(x.dtype)
        return convolve(x, weight, bias, groups=x.shape[-1])

    def step(self, x: Tensor, recent: Tensor) -> tuple[Tensor, Tensor]:
        """One frame ``(B, dim)`` and the ``size - 1`` before it -> its output, the new state."""
        if self.after:
            raise UserError("a convolution steps frame by frame only when direction=causal")
        window = torch.cat([recent.to(x.dtype), x[:, None]], 1)  # (B, size, dim)
        y = (window * self.folded().to(x.dtype)).sum(1) + self.bias.to(x.dtype)
        return y, window[:, 1:]


class ConvCore(nn.Module):
    """A gated multi-scale convolution without its output projection. ``-> (B, T, inner)``.

    The Mamba block with a convolution in the scan's place: one linear makes values and gates, the
    values are convolved, the gates decide what passes. ``expand``: inner channels per input
    channel. ``kernels`` and ``direction`` as in :class:`DepthwiseConv`.
    """

    def __init__(
        self,
        dim: int,
        expand: float = 1.0,
        kernels: Sequence[int] = (3, 7, 15, 31),
        direction: Direction = "centered",
    ) -> None:
        super().__init__()
        self.dim = round(dim * expand)
        self.input = nn.Linear(dim, 2 * self.dim)
        self.conv = DepthwiseConv(self.dim, kernels, direction)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        value, gate = self.input(x).chunk(2, -1)
        if self.conv.after:  # padding comes last, so only a look ahead can see it
            value = value * context.mask[..., None]
        return self.conv(value) * F.silu(gate)

    def initial_state(self, batch: int, context: Context | None = None) -> Tensor:
        return self.input.weight.new_zeros(batch, self.conv.size - 1, self.dim)

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One frame ``(B, dim)`` -> ``(B, inner)``."""
        value, gate = self.input(x).chunk(2, -1)
        y, state = self.conv.step(value, state)
        return y * F.silu(gate), state


class Conv(nn.Module):
    """The mixer: :class:`ConvCore` and a linear back. ``(B, T, dim) -> (B, T, dim)``.

    Arguments as in :class:`ConvCore`. A convolution knows offsets by itself, so ``positional`` may
    be none or sinusoidal, which acts before the stack; UserError otherwise.
    """

    def __init__(
        self,
        dim: int,
        expand: float = 1.0,
        kernels: Sequence[int] = (3, 7, 15, 31),
        direction: Direction = "centered",
        positional: NoPosition | None = None,
    ) -> None:
        super().__init__()
        refuse_relative(positional or NoPosition(), "a convolution")
        self.core = ConvCore(dim, expand, kernels, direction)
        self.output = nn.Linear(self.core.dim, dim)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self.output(self.core(x, context))

    def initial_state(self, batch: int, context: Context | None = None) -> Tensor:
        return self.core.initial_state(batch, context)

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One frame ``(B, dim)``; needs ``direction=causal``."""
        y, state = self.core.step(x, state)
        return self.output(y), state

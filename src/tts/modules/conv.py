"""Convolution mixer: gated, depthwise, multi-scale; and convolutions of channels-last tensors."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Expansion, Kernels
from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.depthwise import DepthwiseConv1d, is_faster
from tts.modules.exporting import is_exporting
from tts.modules.positional import PositionalEncoding, reject_relative

Direction = Literal["causal", "anticausal", "centered"]
# oneDNN's depthwise convolution of up to 16 channels never ends in bf16 on some CPUs
FEW_CHANNELS = 16
BUCKET = 32  # frames; oneDNN generates code for every length it has not seen, for milliseconds


def conv1d_channels_last(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, padding: int = 0, groups: int = 1
) -> Tensor:
    """``x (B, T, C)``, ``weight (D, C / groups, K)`` -> ``(B, T + 2 padding - K + 1, D)``.

    On a CPU it is a ``conv2d`` over an image of one row with channels last: ``conv1d`` copies its
    input, and a depthwise one takes two to three times as long. In training the bias is added
    separately, because oneDNN sums its gradient slowly.
    """
    if x.device.type != "cpu" or is_exporting():
        return F.conv1d(x.mT, weight, bias, padding=padding, groups=groups).mT
    if 1 < groups <= FEW_CHANNELS:
        with torch.autocast("cpu", enabled=False):
            bias = None if bias is None else bias.float()
            return _one_row_conv(x.float(), weight.float(), bias, padding, groups).to(x.dtype)
    return _one_row_conv(x, weight, bias, padding, groups)


def _one_row_conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, padding: int, groups: int
) -> Tensor:
    if not torch.is_grad_enabled():
        after = to_bucket(x.shape[1] + 2 * padding)
        x = F.pad(x, (0, 0, padding, padding + after))
        return _image_conv(x, weight, bias, 0, groups)[
            :, : x.shape[1] - after - weight.shape[2] + 1
        ]
    if _has_faster_gradient(x, weight, groups):
        dtype = _computed_in(x)
        y = DepthwiseConv1d.apply(x.to(dtype), weight.to(dtype), padding)
    else:
        y = _image_conv(x, weight, None, padding, groups)
    return y if bias is None else y + bias.to(y.dtype)


def _has_faster_gradient(x: Tensor, weight: Tensor, groups: int) -> bool:
    depthwise = groups == x.shape[-1] == len(weight)
    learning = weight.requires_grad and not torch.compiler.is_compiling()
    return depthwise and learning and is_faster(weight.shape[-1], _computed_in(x))


def _computed_in(x: Tensor) -> torch.dtype:
    autocast = torch.is_autocast_enabled("cpu")
    return torch.get_autocast_dtype("cpu") if autocast else x.dtype


def _image_conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, padding: int, groups: int
) -> Tensor:
    image = x[:, None].permute(0, 3, 1, 2)  # (B, C, 1, T)
    y = F.conv2d(image, weight[:, :, None], bias, padding=(0, padding), groups=groups)
    return y.permute(0, 2, 3, 1)[:, 0]


def to_bucket(length: int) -> int:
    """Return how many frames to append so that synthesis computes few different lengths."""
    return -length % BUCKET


class ChannelsLastConv1d(nn.Conv1d):
    """``nn.Conv1d`` on ``(B, T, C)``, with the same parameters and results."""

    def forward(self, x: Tensor) -> Tensor:
        padding = self.padding[0]
        assert isinstance(padding, int)
        return conv1d_channels_last(x, self.weight, self.bias, padding, self.groups)


class DepthwiseConv(nn.Module):
    """Sum of depthwise convolutions with several kernel sizes. ``(B, T, dim) -> (B, T, dim)``.

    The kernels are padded to the largest and summed into one at run time, so all scales cost no
    more than the largest alone (Ding et al. 2022, RepLKNet, section 3.1). ``kernels``: frames of
    each. ``direction``: the receptive field, ``causal`` (this frame and earlier ones),
    ``anticausal`` (this frame and later ones) or ``centered`` (odd kernels). The edges are padded
    with zeros; the caller zeroes the frames of padding.
    """

    def __init__(
        self, dim: int, kernels: Kernels = (3, 7, 15, 31), direction: Direction = "centered"
    ) -> None:
        super().__init__()
        self.kernels, self.size = tuple(kernels), max(kernels)
        if direction not in ("causal", "anticausal", "centered"):
            raise UserError(f"direction={direction!r}: choose from causal, anticausal, centered")
        if direction == "centered" and any(kernel % 2 == 0 for kernel in self.kernels):
            raise UserError(f"kernels={list(self.kernels)}: direction=centered needs odd kernels")
        # frames of the receptive field before and after the current one
        self.before = {"causal": self.size - 1, "anticausal": 0, "centered": self.size // 2}[
            direction
        ]
        self.after = self.size - 1 - self.before
        # (kernel, dim): channels last, as the input
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(kernel, dim)) for kernel in self.kernels
        )
        self.bias = nn.Parameter(torch.zeros(dim))
        for weight in self.weights:
            bound = (len(weight) * len(self.kernels)) ** -0.5
            nn.init.uniform_(weight, -bound * 3**0.5, bound * 3**0.5)

    def summed_kernel(self) -> Tensor:
        """Return the sum of all kernels ``(size, dim)``, padded to the largest."""
        total = None
        for weight in self.weights:
            missing = self.size - len(weight)
            front = missing if self.after == 0 else 0 if self.before == 0 else missing // 2
            padded = F.pad(weight, (0, 0, front, missing - front)) if missing else weight
            total = padded if total is None else total + padded
        assert total is not None
        return total

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, self.before, self.after))
        weight, bias = self.summed_kernel().T[:, None].to(x.dtype), self.bias.to(x.dtype)
        return conv1d_channels_last(x, weight, bias, groups=x.shape[-1])

    def step(self, x: Tensor, recent: Tensor) -> tuple[Tensor, Tensor]:
        """One frame ``(B, dim)``, ``recent (B, size - 1, dim)`` -> its output, the new recent."""
        if self.after:
            raise UserError("a convolution runs frame by frame only with direction=causal")
        window = torch.cat([recent.to(x.dtype), x[:, None]], 1)  # (B, size, dim)
        y = (window * self.summed_kernel().to(x.dtype)).sum(1) + self.bias.to(x.dtype)
        return y, window[:, 1:]


class ConvCore(nn.Module):
    """Gated convolution without its output projection. ``(B, T, dim) -> (B, T, inner)``.

    A Mamba block with a multi-scale convolution in place of the scan: ``conv(value) * silu(gate)``.
    ``expand``: inner channels per input channel. ``kernels`` and ``direction`` as in
    :class:`DepthwiseConv`.
    """

    def __init__(
        self,
        dim: int,
        expand: Expansion = 1.0,
        kernels: Kernels = (3, 7, 15, 31),
        direction: Direction = "centered",
    ) -> None:
        super().__init__()
        self.dim = round(dim * expand)
        self.input = nn.Linear(dim, 2 * self.dim)
        self.conv = DepthwiseConv(self.dim, kernels, direction)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        value, gate = self.input(x).chunk(2, -1)
        if self.conv.after:  # padding comes last, so only later frames can be padding
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
    """Convolution mixer: :class:`ConvCore` and a linear. ``(B, T, dim) -> (B, T, dim)``.

    Arguments as in :class:`ConvCore`. ``positional`` must be none or sinusoidal, else UserError.
    """

    def __init__(
        self,
        dim: int,
        expand: Expansion = 1.0,
        kernels: Kernels = (3, 7, 15, 31),
        direction: Direction = "centered",
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        reject_relative(positional or PositionalEncoding(), "a convolution")
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

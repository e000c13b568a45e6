"""HiFi-GAN generator: transposed convolutions up to the sample rate (Kong et al. 2020)."""

from collections.abc import Sequence
from math import ceil, prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Counts, Kernels, OddKernels, require_equal_lengths
from tts.contract import MelContract
from tts.errors import UserError
from tts.vocoders.vocoder import Vocoder

SLOPE = 0.1  # of the leaky ReLU


class ResidualBlock(nn.Module):
    """Residual dilated convolutions of one kernel size. ``(B, C, S) -> (B, C, S)``.

    ``paired``: an undilated convolution follows each dilated one (ResBlock1 of the paper; otherwise
    ResBlock2).
    """

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int], paired: bool) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(same_conv(channels, kernel, d) for d in dilations)
        self.plain = nn.ModuleList(same_conv(channels, kernel) for _ in dilations if paired)
        self.context = sum(d * (kernel // 2) for d in dilations) + len(self.plain) * (kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        for index, dilated in enumerate(self.dilated):
            # in place: the backward of a convolution does not need its output
            y = dilated(F.leaky_relu(x, SLOPE))
            if self.plain:
                y = self.plain[index](F.leaky_relu_(y, SLOPE))
            x = y.add_(x)
        return x


class MultiReceptiveField(nn.Module):
    """Multi-receptive field fusion: the mean of residual blocks (section 2.2)."""

    def __init__(
        self,
        channels: int,
        kernels: Sequence[int],
        dilations: Sequence[Sequence[int]],
        paired: bool,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            ResidualBlock(channels, kernel, dilation, paired)
            for kernel, dilation in zip(kernels, dilations, strict=True)
        )
        self.context = max(block.context for block in self.blocks)  # type: ignore[type-var]

    def forward(self, x: Tensor) -> Tensor:
        total = self.blocks[0](x)
        for block in self.blocks[1:]:
            total.add_(block(x))
        return total.div_(len(self.blocks))


class HiFiGAN(Vocoder):
    """HiFi-GAN generator (section 2.2): upsampling stages, each followed by a fusion of blocks.

    ``channels``: before the first stage, halved by each. ``rates``, ``up_kernels``: strides and
    kernels of the upsamplings; the product of ``rates`` is the contract's hop. ``kernels``,
    ``dilations``: one residual block each. ``paired``: see :class:`ResidualBlock`.
    """

    weight_normalized = True  # while training (Salimans & Kingma 2016)

    def __init__(
        self,
        contract: MelContract,
        channels: Channels = 512,
        rates: Counts = (8, 8, 2, 2),
        up_kernels: Kernels = (16, 16, 4, 4),
        kernels: OddKernels = (3, 7, 11),
        dilations: Sequence[Counts] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        paired: bool = True,
    ) -> None:
        super().__init__(contract)
        require_rates(contract, rates, up_kernels)
        require_channels(channels, len(rates))
        require_equal_lengths(kernels=kernels, dilations=dilations)
        self.input = nn.Conv1d(contract.bands, channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.fusions = nn.ModuleList()
        for stage, (rate, kernel) in enumerate(zip(rates, up_kernels, strict=True)):
            width = channels >> (stage + 1)
            self.ups.append(upsampling(2 * width, width, rate, kernel))
            self.fusions.append(MultiReceptiveField(width, kernels, dilations, paired))
        self.output = nn.Conv1d(width, 1, 7, padding=3)
        for module in (*self.ups.modules(), *self.fusions.modules(), self.output):
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                nn.init.normal_(module.weight, std=0.01)
        contexts = [fusion.context for fusion in self.fusions]
        self.context = context_frames(rates, up_kernels, contexts, 3)  # type: ignore[arg-type]

    def forward(self, mel: Tensor) -> Tensor:
        x = self.input(mel.mT)
        for up, fusion in zip(self.ups, self.fusions, strict=True):
            x = fusion(up(F.leaky_relu_(x, SLOPE)))
        return torch.tanh(self.output(F.leaky_relu(x)))[:, 0]  # slope 0.01, as published


def same_conv(channels: int, kernel: int, dilation: int = 1) -> nn.Conv1d:
    """Return a convolution that keeps the length."""
    return nn.Conv1d(
        channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2)
    )


def upsampling(inputs: int, outputs: int, rate: int, kernel: int) -> nn.ConvTranspose1d:
    """Return a transposed convolution that gives ``rate`` samples for each input."""
    return nn.ConvTranspose1d(inputs, outputs, kernel, rate, padding=(kernel - rate) // 2)


def require_rates(contract: MelContract, rates: Sequence[int], kernels: Sequence[int]) -> None:
    """Raise UserError unless the upsampling stages turn one frame into ``hop`` samples."""
    require_equal_lengths(rates=rates, up_kernels=kernels)
    if prod(rates) != contract.hop:
        raise UserError(
            f"rates={list(rates)} make {prod(rates)} samples per frame: their product must be "
            f"audio.hop={contract.hop}"
        )
    for rate, kernel in zip(rates, kernels, strict=True):
        if kernel < rate or (kernel - rate) % 2:
            raise UserError(
                f"up_kernels={list(kernels)}: {kernel} must exceed its rate {rate} of "
                f"rates={list(rates)} by an even number"
            )


def require_channels(channels: int, stages: int) -> None:
    """Raise UserError unless ``channels`` can be halved by each of ``stages``."""
    if channels % (1 << stages):
        raise UserError(
            f"channels={channels} must be divisible by {1 << stages}: each of the {stages} stages "
            "halves it"
        )


def context_frames(
    rates: Sequence[int], kernels: Sequence[int], contexts: Sequence[int], output: int
) -> int:
    """Return the frames on either side that a sample depends on, rounded up.

    ``contexts``: samples on either side that each fusion depends on; ``output``: those of the
    layers after the last stage.
    """
    per_frame = prod(rates)  # samples at the current stage, from the last to the first
    total = output / per_frame
    for rate, kernel, context in zip(rates[::-1], kernels[::-1], contexts[::-1], strict=True):
        total += context / per_frame
        per_frame //= rate
        total += (kernel / rate / 2 + 1) / per_frame
    return ceil(total) + 4  # three of the first convolution, one for rounding

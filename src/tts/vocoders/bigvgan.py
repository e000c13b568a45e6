"""BigVGAN generator: HiFi-GAN with periodic, anti-aliased activations (Lee et al. 2023)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Counts, Kernels, OddKernels, require_equal_lengths
from tts.contract import MelContract
from tts.vocoders.antialias import Antialiased, SnakeBeta
from tts.vocoders.hifigan import (
    context_frames,
    require_channels,
    require_rates,
    same_conv,
    upsampling,
)
from tts.vocoders.vocoder import Vocoder


class BigVGANVariant(NamedTuple):
    """What differs between the published versions of BigVGAN.

    ``tied_snake``, ``logarithmic_snake``: see :class:`~tts.vocoders.antialias.SnakeBeta`. Version 1
    ends in tanh and has an output bias; version 2 clips and has none.
    """

    tied_snake: bool = False
    logarithmic_snake: bool = True
    tanh: bool = False
    output_bias: bool = False


class AMPBlock(nn.Module):
    """Anti-aliased multi-periodicity block (section 3.2). ``(B, C, S) -> (B, C, S)``.

    Residual dilated convolutions, each after its own activation. ``paired``: an undilated
    convolution with its own activation follows each.
    """

    def __init__(
        self,
        channels: int,
        kernel: int,
        dilations: Sequence[int],
        paired: bool,
        tied: bool,
        logarithmic: bool,
    ) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(same_conv(channels, kernel, d) for d in dilations)
        self.plain = nn.ModuleList(same_conv(channels, kernel) for _ in dilations if paired)
        self.activations = nn.ModuleList(
            Antialiased(SnakeBeta(channels, tied, logarithmic))
            for _ in range(len(self.dilated) + len(self.plain))
        )
        self.context = sum(d * (kernel // 2) for d in dilations)
        self.context += len(self.plain) * (kernel // 2)
        self.context += len(self.activations) * Antialiased.context

    def forward(self, x: Tensor) -> Tensor:
        step = 2 if self.plain else 1
        for index, dilated in enumerate(self.dilated):
            y = dilated(self.activations[step * index](x))
            if self.plain:
                y = self.plain[index](self.activations[step * index + 1](y))
            x = y.add_(x)  # in place: the backward of a convolution does not need its output
        return x


class BigVGAN(Vocoder):
    """BigVGAN generator; arguments as :class:`~tts.vocoders.hifigan.HiFiGAN`.

    ``variant``: a :class:`BigVGANVariant`; None: version 2.
    """

    weight_normalized = True

    def __init__(
        self,
        contract: MelContract,
        channels: Channels = 512,
        rates: Counts = (8, 8, 2, 2),
        up_kernels: Kernels = (16, 16, 4, 4),
        kernels: OddKernels = (3, 7, 11),
        dilations: Sequence[Counts] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        paired: bool = True,
        variant: BigVGANVariant | None = None,
    ) -> None:
        super().__init__(contract)
        require_rates(contract, rates, up_kernels)
        require_channels(channels, len(rates))
        require_equal_lengths(kernels=kernels, dilations=dilations)
        tied, logarithmic, self.tanh, output_bias = variant or BigVGANVariant()
        self.input = nn.Conv1d(contract.bands, channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.fusions = nn.ModuleList()  # a ModuleList of blocks per stage
        contexts = []
        for stage, (rate, kernel) in enumerate(zip(rates, up_kernels, strict=True)):
            width = channels >> (stage + 1)
            self.ups.append(upsampling(2 * width, width, rate, kernel))
            blocks = [
                AMPBlock(width, size, dilation, paired, tied, logarithmic)
                for size, dilation in zip(kernels, dilations, strict=True)
            ]
            contexts.append(max(block.context for block in blocks))
            self.fusions.append(nn.ModuleList(blocks))
        self.activation = Antialiased(SnakeBeta(width, tied, logarithmic))
        self.output = nn.Conv1d(width, 1, 7, padding=3, bias=output_bias)
        for module in (*self.ups.modules(), *self.fusions.modules(), self.output):
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                nn.init.normal_(module.weight, std=0.01)
        output_context = 3 + Antialiased.context
        self.context = context_frames(rates, up_kernels, contexts, output_context)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.input(mel.mT)
        fusions = cast("Iterable[nn.ModuleList]", self.fusions)
        for up, blocks in zip(self.ups, fusions, strict=True):
            x = up(x)
            total = blocks[0](x)
            for block in blocks[1:]:
                total.add_(block(x))
            x = total.div_(len(blocks))
        x = self.output(self.activation(x))[:, 0]
        return torch.tanh(x) if self.tanh else x.clamp(-1.0, 1.0)

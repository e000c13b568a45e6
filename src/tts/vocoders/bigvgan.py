"""BigVGAN: HiFi-GAN with periodic, alias-free activations (Lee et al. 2023)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tts.audio.mel import MelContract
from tts.vocoders.antialias import Antialiased, SnakeBeta
from tts.vocoders.hifigan import context_frames, require_rates, same_conv, upsampling
from tts.vocoders.vocoder import Vocoder


class PeriodicBlock(nn.Module):
    """AMP block: dilated convolutions, each behind its own activation. ``(B, C, S) -> (B, C, S)``.

    ``paired`` follows each by an undilated one with an activation of its own.
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
        self.reach = sum(d * (kernel // 2) for d in dilations)
        self.reach += len(self.plain) * (kernel // 2) + len(self.activations) * Antialiased.reach

    def forward(self, x: Tensor) -> Tensor:
        step = 2 if self.plain else 1
        for index, dilated in enumerate(self.dilated):
            y = dilated(self.activations[step * index](x))
            if self.plain:
                y = self.plain[index](self.activations[step * index + 1](y))
            x = y.add_(x)  # a convolution does not need its own output to learn
        return x


class BigVGAN(Vocoder):
    """As :class:`~tts.vocoders.hifigan.HiFiGAN`, with AMP blocks in the fusion.

    ``tied``: Snake instead of SnakeBeta; ``logarithmic``: see
    :class:`~tts.vocoders.antialias.SnakeBeta`. ``bounded_by_tanh`` and ``output_bias``: the first
    version has both, the second clips instead and has no bias.
    """

    weight_normalized = True

    def __init__(
        self,
        contract: MelContract,
        channels: int = 512,
        rates: Sequence[int] = (8, 8, 2, 2),
        up_kernels: Sequence[int] = (16, 16, 4, 4),
        kernels: Sequence[int] = (3, 7, 11),
        dilations: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        paired: bool = True,
        tied: bool = False,
        logarithmic: bool = True,
        bounded_by_tanh: bool = False,
        output_bias: bool = False,
    ) -> None:
        super().__init__(contract)
        require_rates(contract, channels, rates, up_kernels)
        self.bounded_by_tanh = bounded_by_tanh
        self.input = nn.Conv1d(contract.bands, channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.fusions = nn.ModuleList()  # of lists of blocks
        reaches = []
        for stage, (rate, kernel) in enumerate(zip(rates, up_kernels, strict=True)):
            width = channels >> (stage + 1)
            self.ups.append(upsampling(2 * width, width, rate, kernel))
            blocks = [
                PeriodicBlock(width, size, spread, paired, tied, logarithmic)
                for size, spread in zip(kernels, dilations, strict=True)
            ]
            reaches.append(max(block.reach for block in blocks))
            self.fusions.append(nn.ModuleList(blocks))
        self.activation = Antialiased(SnakeBeta(width, tied, logarithmic))
        self.output = nn.Conv1d(width, 1, 7, padding=3, bias=output_bias)
        for module in (*self.ups.modules(), *self.fusions.modules(), self.output):
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                nn.init.normal_(module.weight, std=0.01)
        last = 3 + Antialiased.reach
        self.context = context_frames(rates, up_kernels, reaches, last)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.input(mel.mT)
        fusions: Any = self.fusions
        for up, blocks in zip(self.ups, fusions, strict=True):
            x = up(x)
            total = blocks[0](x)
            for block in blocks[1:]:
                total.add_(block(x))
            x = total.div_(len(blocks))
        x = self.output(self.activation(x))[:, 0]
        return torch.tanh(x) if self.bounded_by_tanh else x.clamp(-1.0, 1.0)

"""UnivNet generator: location-variable convolutions up to the sample rate (Jang et al. 2021).

The mel does not pass through the network: it predicts kernels, one set per frame, that convolve a
noise. The layers at the sample rate are narrow, so most weights work at the frame rate.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Counts, OddKernel
from tts.contract import MelContract
from tts.modules.conv import ChannelsLastConv1d
from tts.vocoders.hifigan import context_frames, require_rates, upsampling
from tts.vocoders.vocoder import Vocoder

SLOPE = 0.2  # of the leaky ReLUs
RESIDUALS = 3  # residual blocks of a kernel predictor
EDGE = 3  # samples of context on either side of the first and the last convolution


class KernelPredictor(nn.Module):
    """Kernels and biases of location-variable convolutions, from the mel (section 2.1).

    ``layers`` convolutions from ``channels`` to ``2 * channels``, of ``kernel`` samples.
    ``hidden``: channels inside; ``width``: kernel size of its own convolutions, in frames.
    """

    def __init__(
        self, bands: int, channels: int, layers: int, kernel: int, hidden: int, width: int
    ) -> None:
        super().__init__()
        self.layers, self.inputs, self.outputs = layers, kernel * channels, 2 * channels
        self.input = ChannelsLastConv1d(bands, hidden, 5, padding=2)
        self.residuals = nn.ModuleList(
            nn.ModuleList(
                ChannelsLastConv1d(hidden, hidden, width, padding=width // 2) for _ in range(2)
            )
            for _ in range(RESIDUALS)
        )
        size = layers * self.inputs * self.outputs
        self.kernels = ChannelsLastConv1d(hidden, size, width, padding=width // 2)
        self.biases = ChannelsLastConv1d(hidden, layers * self.outputs, width, padding=width // 2)
        self.context = 2 + (2 * RESIDUALS + 1) * (width // 2)  # frames

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(B, T, M)`` to ``(B, T, layers, kernel * C, 2 C)`` and ``(B, T, layers, 2 C)``."""
        x = F.leaky_relu(self.input(mel), SLOPE)
        for block in self.residuals:
            y = x
            for conv in block.children():
                y = F.leaky_relu(conv(y), SLOPE)
            x = x + y
        kernels = self.kernels(x).unflatten(-1, (self.layers, self.inputs, self.outputs))
        return kernels, self.biases(x).unflatten(-1, (self.layers, self.outputs))


class LVCBlock(nn.Module):
    """Upsampling, then gated location-variable convolutions (section 2.1, figure 1).

    ``(B, T * hop / rate, C)`` and a mel ``(B, T, M)`` -> ``(B, T * hop, C)``. ``dilations``: one
    layer each, a dilated convolution and a location-variable one.
    """

    def __init__(
        self,
        predictor: KernelPredictor,
        channels: int,
        rate: int,
        dilations: Sequence[int],
        kernel: int,
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self.up = upsampling(channels, channels, rate, 2 * rate)
        self.dilated = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, padding=d * (kernel // 2), dilation=d)
            for d in dilations
        )
        self.context = sum((d + 1) * (kernel // 2) for d in dilations)  # samples

    def forward(self, x: Tensor, mel: Tensor) -> Tensor:
        x = self.up(F.leaky_relu(x, SLOPE).mT).mT
        kernels, biases = self.predictor(mel)
        for layer, conv in enumerate(self.dilated):
            y = F.leaky_relu(conv(F.leaky_relu(x, SLOPE).mT), SLOPE).mT
            y = location_variable_conv(y, kernels[:, :, layer], biases[:, :, layer])
            gate, value = y.chunk(2, -1)
            x = x + torch.sigmoid(gate) * torch.tanh(value)
        return x


class UnivNet(Vocoder):
    """UnivNet generator (section 2.1); ``channels`` 16 and 32 are the published sizes.

    ``noise``: channels of the noise at the frame rate. ``rates``: upsampling of each block; their
    product is the contract's hop. ``dilations``, ``kernel``: of the convolutions in a block.
    ``hidden``, ``predictor_kernel``: of the kernel predictors. Synthesis takes the same noise in
    every call, so it is deterministic; training samples it.
    """

    weight_normalized = True  # while training (Salimans & Kingma 2016)

    def __init__(
        self,
        contract: MelContract,
        channels: Channels = 32,
        noise: Channels = 64,
        rates: Counts = (8, 8, 4),
        dilations: Counts = (1, 3, 9, 27),
        kernel: OddKernel = 3,
        hidden: Channels = 64,
        predictor_kernel: OddKernel = 3,
    ) -> None:
        super().__init__(contract)
        up_kernels = [2 * rate for rate in rates]
        require_rates(contract, rates, up_kernels)
        self.noise = noise
        self.input = nn.Conv1d(noise, channels, 2 * EDGE + 1)
        self.blocks = nn.ModuleList()
        for rate in rates:
            predictor = KernelPredictor(
                contract.bands, channels, len(dilations), kernel, hidden, predictor_kernel
            )
            self.blocks.append(LVCBlock(predictor, channels, rate, dilations, kernel))
        self.output = nn.Conv1d(channels, 1, 2 * EDGE + 1)
        contexts = [block.context for block in self.blocks]
        self.context = predictor.context + context_frames(
            rates,
            up_kernels,
            contexts,  # type: ignore[arg-type]
            EDGE,
        )

    def prepare(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        generator = torch.Generator(mel.device).manual_seed(0)
        shape = (1, mel.shape[1], self.noise)  # the same for all of a batch
        noise = torch.randn(shape, generator=generator, device=mel.device, dtype=mel.dtype)
        return mel, noise.expand(len(mel), -1, -1)

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Map a log mel ``(B, T, M)`` and noise ``(B, T, noise)`` to samples ``(B, T * hop)``.

        ``noise``: None for a new one in training, the same one otherwise.
        """
        if noise is None:
            shape = (*mel.shape[:2], self.noise)
            noise = mel.new_empty(shape).normal_() if self.training else self.prepare(mel)[1]
        x = self.input(_reflect(noise.mT)).mT
        for block in self.blocks:
            x = block(x, mel)
        return torch.tanh(self.output(_reflect(F.leaky_relu(x, SLOPE).mT)))[:, 0]


def location_variable_conv(x: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
    """Convolve the samples of each frame with that frame's kernel (Zeng et al. 2021, LVCNet).

    ``x (B, T * hop, C)``, ``kernels (B, T, kernel * C, D)``, ``biases (B, T, D)`` ->
    ``(B, T * hop, D)``; zeros beyond the edges. One product per frame.
    """
    batch, samples, channels = x.shape
    frames, inputs, outputs = kernels.shape[1:]
    size = inputs // channels
    x = F.pad(x, (0, 0, size // 2, size // 2))
    windows = x.unfold(1, size, 1).mT  # (B, T * hop, kernel, C), without a copy
    windows = windows.reshape(batch * frames, samples // frames, inputs)
    y = torch.baddbmm(
        biases.reshape(batch * frames, 1, outputs),
        windows,
        kernels.reshape(batch * frames, inputs, outputs),
    )
    return y.view(batch, samples, outputs)


def _reflect(x: Tensor) -> Tensor:
    """Pad ``(B, C, S)`` by :data:`EDGE` reflected samples; by repeated ones if S is too short."""
    return F.pad(x, (EDGE, EDGE), mode="reflect" if x.shape[-1] > EDGE else "replicate")

"""Encoders of a neural codec: one latent vector per code frame, from the mel or the waveform."""

import math
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Counts, Depth
from tts.contract import MelContract
from tts.errors import UserError
from tts.modules.conv import ChannelsLastConv1d
from tts.vocoders.convnext import KERNEL, Blocks, zero_padding

MEAN_LOG_MEL, SCALE_LOG_MEL = -5.0, 2.0  # of speech, about


class CodecEncoder(nn.Module):
    """Maps a signal to ``(B, T, latent)`` with ``T = ceil(samples / hop)``.

    A subclass is built as ``Class(mel, hop, latent, **settings)``; ``hop``: samples per code frame.
    """

    signal: Literal["mel", "waveform"]  # what it encodes

    def forward(self, signal: Tensor, samples: Tensor | None = None) -> Tensor:
        """``signal``: log mel ``(B, frames, M)`` or waveform ``(B, S)``.

        ``samples (B,)`` int64: how many are real, in a batch with padding; None = all. Padding
        changes no vector of a real frame.
        """
        raise NotImplementedError


class MelEncoder(CodecEncoder):
    """ConvNeXt blocks at the code's frame rate, on the mel frames of a code frame together.

    They add to a linear map of these frames, so that training starts at a principal component
    analysis. ``depth`` blocks of ``dim`` channels, ``hidden`` inside a block, as in Vocos.
    """

    signal = "mel"

    def __init__(
        self, mel: MelContract, hop: int, latent: int, dim: Channels, hidden: Channels, depth: Depth
    ) -> None:
        super().__init__()
        self.stride, self.mel_hop = hop // mel.hop, mel.hop
        self.embed = ChannelsLastConv1d(mel.bands, dim, KERNEL, padding=KERNEL // 2)
        self.merge = nn.Linear(self.stride * dim, dim)
        self.blocks = Blocks(dim, hidden, depth)
        self.project = nn.Linear(dim, latent)
        self.linear = nn.Linear(self.stride * mel.bands, latent)

    def forward(self, signal: Tensor, samples: Tensor | None = None) -> Tensor:
        mel = F.pad(
            (signal - MEAN_LOG_MEL) / SCALE_LOG_MEL, (0, 0, 0, -signal.shape[1] % self.stride)
        )
        mel = zero_padding(mel, samples, self.mel_hop)
        x = zero_padding(self.embed(mel), samples, self.mel_hop)
        x, linear = (y.unflatten(1, (-1, self.stride)).flatten(2) for y in (x, mel))
        x = self.blocks(self.merge(x), samples, self.stride * self.mel_hop)
        return self.project(x) + self.linear(linear)


class WaveformEncoder(CodecEncoder):
    """Strided convolutions, then ConvNeXt blocks at the code's frame rate.

    As in SEANet (Tagliasacchi et al. 2020; SoundStream, Zeghidour et al. 2021, section III-A): a
    residual unit of dilated convolutions before each of the strided ones, whose ``rates`` multiply
    to the samples of a code frame; ``channels`` at the sample rate, doubled by each. ``dim``,
    ``hidden``, ``depth`` as in :class:`MelEncoder`.
    """

    signal = "waveform"

    def __init__(
        self,
        mel: MelContract,
        hop: int,
        latent: int,
        dim: Channels,
        hidden: Channels,
        depth: Depth,
        channels: Channels = 8,
        rates: Counts = (4, 4, 4, 8),
    ) -> None:
        super().__init__()
        if math.prod(rates) != hop:
            raise UserError(
                f"model.codec_encoder.rates={list(rates)} make {math.prod(rates)} samples per code "
                f"frame, and audio.hop={mel.hop} times model.stride={hop // mel.hop} are {hop}"
            )
        self.rates = tuple(rates)
        self.embed = nn.Conv1d(1, channels, KERNEL, padding=KERNEL // 2)
        sizes = [channels * 2**level for level in range(len(rates) + 1)]
        self.units = nn.ModuleList(ResidualUnit(size) for size in sizes[:-1])
        self.strided = nn.ModuleList(
            nn.Conv1d(size, 2 * size, 2 * rate, rate)
            for size, rate in zip(sizes[:-1], rates, strict=True)
        )
        self.merge = nn.Linear(sizes[-1], dim)
        self.blocks = Blocks(dim, hidden, depth)
        self.project = nn.Linear(dim, latent)

    def forward(self, signal: Tensor, samples: Tensor | None = None) -> Tensor:
        x, hop = zero_padding(signal[..., None], samples, 1).mT, 1  # (B, 1, S)
        x = self.embed(x)
        for unit, strided, rate in zip(self.units, self.strided, self.rates, strict=True):
            x = zero_padding(unit(x, samples, hop).mT, samples, hop).mT
            missing = -x.shape[-1] % rate
            x = strided(F.pad(F.elu(x), (rate // 2, missing + rate - rate // 2)))
            hop *= rate
        return self.project(self.blocks(self.merge(F.elu(x).mT), samples, hop))


class ResidualUnit(nn.Module):
    """Convolutions with dilations 1, 3 and 9, each with a residual. ``(B, C, T) -> (B, C, T)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=d, dilation=d) for d in (1, 3, 9)
        )
        self.pointwise = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(3))

    def forward(self, x: Tensor, samples: Tensor | None, hop: int) -> Tensor:
        for dilated, pointwise in zip(self.dilated, self.pointwise, strict=True):
            y = zero_padding(F.elu(x).mT, samples, hop).mT
            x = x + pointwise(F.elu(dilated(y)))
        return x

"""Postnet: convolutions that refine a predicted mel (Tacotron 2, Shen et al. 2018, section 2.2)."""

from typing import Annotated

import torch
from torch import Tensor, nn

from tts.bounds import Bound, Channels, OddKernel, Probability
from tts.modules.conv import ChannelsLastConv1d
from tts.modules.dropout import Dropout


class Postnet(nn.Module):
    """Add a residual to a mel. ``(B, T, bands) -> (B, T, bands)``, 0 at padding.

    The identity at the start of training. The decoder predicts frames independently of each other;
    the postnet smooths over neighbors. ``channels`` inside, ``depth`` convolutions of ``kernel``
    frames. Layer norm replaces the paper's batch norm, so that neither padding nor other
    utterances of the batch matter.
    """

    def __init__(
        self,
        bands: int,
        channels: Channels,
        depth: Annotated[int, Bound(least=2, most=1024)],
        kernel: OddKernel,
        dropout: Probability,
    ) -> None:
        super().__init__()
        widths = [bands, *[channels] * (depth - 1), bands]
        convolutions = [
            ChannelsLastConv1d(widths[n], widths[n + 1], kernel, padding=kernel // 2)
            for n in range(depth)
        ]
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(depth - 1))
        self.dropout = Dropout(dropout)
        self.context = depth * (kernel // 2)  # frames on either side that a frame depends on
        for parameter in convolutions[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """``mel (B, T, bands)`` normalized, ``mask (B, T)``."""
        real = mask[..., None].to(mel.dtype)
        x = (mel * real).to(next(self.parameters()).dtype)
        for convolution, norm in zip(self.convolutions[:-1], self.norms, strict=True):
            x = self.dropout(torch.tanh(norm(convolution(x)))) * real.to(x.dtype)
        return (mel + self.convolutions[-1](x)) * real

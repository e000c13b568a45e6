"""A second look at a mel that has been said."""

from typing import Any

import torch
from torch import Tensor, nn

from tts.modules.conv import ChannelsLastConv1d
from tts.modules.dropout import Dropout


class Postnet(nn.Module):
    """Convolutions over a whole mel, added to it (Shen et al. 2018, section 2.2).

    ``(B, T, bands) -> (B, T, bands)``, nothing at the start, zero where padded. The decoder says
    its frames side by side; this sees what came out, neighbors and all. ``channels`` inside,
    ``depth`` convolutions of ``kernel`` frames. Layer norm in place of the paper's batch norm, so
    that neither padding nor neighbors in the batch matter.
    """

    def __init__(
        self,
        bands: int,
        channels: int = 256,
        depth: int = 5,
        kernel: int = 5,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        widths = [bands, *[channels] * (depth - 1), bands]
        self.convolutions = nn.ModuleList(
            ChannelsLastConv1d(widths[n], widths[n + 1], kernel, padding=kernel // 2)
            for n in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(depth - 1))
        self.dropout = Dropout(dropout)
        last = self.convolutions[-1]
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """``mel (B, T, bands)`` normalized, ``mask (B, T)``."""
        real = mask[..., None].to(mel.dtype)
        first: Any = self.convolutions[0]
        x = (mel * real).to(first.weight.dtype)
        for convolution, norm in zip(self.convolutions[:-1], self.norms, strict=True):
            x = self.dropout(torch.tanh(norm(convolution(x)))) * real.to(x.dtype)
        return (mel + self.convolutions[-1](x)) * real

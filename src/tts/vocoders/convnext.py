"""ConvNeXt blocks over time (Liu et al. 2022), as in Vocos (Siuzdak 2023)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.masks import mask_from_lengths
from tts.modules.conv import ChannelsLastConv1d

KERNEL = 7  # frames


class ConvNeXt(nn.Module):
    """ConvNeXt block over time. ``(B, T, dim) -> (B, T, dim)``.

    ``hidden``: channels between the two linears; ``scale``: initial scale of the residual branch.
    """

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = ChannelsLastConv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x)).to(self.expand.weight.dtype)
        y = self.contract(F.gelu(self.expand(y)))
        return torch.addcmul(x, y.to(x.dtype), self.scale)


class Blocks(nn.Module):
    """ConvNeXt blocks between two layer norms. ``(B, T, dim) -> (B, T, dim)``."""

    def __init__(self, dim: int, hidden: int, depth: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.blocks = nn.ModuleList(ConvNeXt(dim, hidden, 1 / depth) for _ in range(depth))
        self.last_norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, x: Tensor, samples: Tensor | None = None, hop: int = 1) -> Tensor:
        x = self.norm(x)
        for block in self.blocks:
            x = block(zero_padding(x, samples, hop))
        y: Tensor = self.last_norm(x)
        return y


def zero_padding(x: Tensor, samples: Tensor | None, hop: int) -> Tensor:
    """Zero the frames of padding of ``(B, T, C)``, as convolutions see beyond an utterance."""
    if samples is None:
        return x
    frames = (samples + hop - 1) // hop
    return torch.where(mask_from_lengths(frames, x.shape[1])[..., None], x, 0.0)

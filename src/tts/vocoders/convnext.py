"""ConvNeXt block over time (Liu et al. 2022), as in Vocos (Siuzdak 2023)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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

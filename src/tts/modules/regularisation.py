"""What is left out at random while training."""

import torch
from torch import Tensor, nn

from tts.errors import UserError


class DropPath(nn.Module):
    """Drops a residual branch for whole utterances (Huang et al. 2016, stochastic depth).

    ``(B, ...)``; the kept ones are scaled up, so that the expectation is the input.
    """

    def __init__(self, probability: float = 0.0) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise UserError(f"drop_path={probability} must lie in [0, 1)")
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        keep = 1 - self.probability
        drawn = torch.empty(x.shape[0], *[1] * (x.ndim - 1), device=x.device, dtype=x.dtype)
        return x * drawn.bernoulli_(keep).div_(keep)

    def extra_repr(self) -> str:
        return f"probability={self.probability}"


class Dropout(nn.Module):
    """Zeroes single values, scales up the rest; ``probability`` is rounded to 1/256.

    The same law as ``nn.Dropout``. On a CPU the mask is drawn eight values per random word, since
    one draw per value costs as much as a matrix product of the block it stands in.
    """

    def __init__(self, probability: float = 0.1) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise UserError(f"dropout={probability} must lie in [0, 1)")
        self.probability = round(probability * 256) / 256

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.probability)
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        drawn = words.view(torch.uint8)[: x.numel()].view(x.shape)
        keep = drawn >= round(self.probability * 256)
        return torch.where(keep, x * (1 / (1 - self.probability)), 0)

    def extra_repr(self) -> str:
        return f"probability={self.probability}"

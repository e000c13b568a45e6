"""What is left out at random while training."""

import torch
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.custom_ops import define_once


def _keep(x: Tensor, dropped: int) -> Tensor:
    """Of the shape of ``x``, on a CPU: bool, each false with a probability of ``dropped`` / 256."""
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    return words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped


def _keep_shape(x: Tensor, dropped: int) -> Tensor:
    return torch.empty(x.shape, dtype=torch.bool)


# an operator of torch: torch.compile knows no random_ over all words, and takes this as it is. It
# takes two calls with the same arguments for one, hence the values and not their shape alone; one
# tensor is not to be dropped from twice
define_once(
    "tts::keep",
    "(Tensor x, int dropped) -> Tensor",
    _keep,
    _keep_shape,
    tags=(torch.Tag.nondeterministic_seeded,),
)


class DropPath(nn.Module):
    """Drops a residual branch for whole utterances (Huang et al. 2016, stochastic depth).

    ``(B, ...)``; the kept ones are scaled up, so that the expectation is the input.
    ``probability`` is rounded to 1/256.
    """

    def __init__(self, probability: float = 0.0) -> None:
        super().__init__()
        self.probability = _rounded(probability, "drop_path")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        first = x.detach()[(slice(None), *[slice(1)] * (x.ndim - 1))]  # a value of each
        if x.device.type == "cpu":
            keep = torch.ops.tts.keep(first, round(self.probability * 256))
        else:
            keep = torch.rand_like(first, dtype=torch.float32) >= self.probability
        return torch.where(keep, x * (1 / (1 - self.probability)), 0)

    def extra_repr(self) -> str:
        return f"probability={self.probability}"


class Dropout(nn.Module):
    """Zeroes single values, scales up the rest; ``probability`` is rounded to 1/256.

    The same law as ``nn.Dropout``. On a CPU the mask is drawn eight values per random word, since
    one draw per value costs as much as a matrix product of the block it stands in.
    """

    def __init__(self, probability: float = 0.1) -> None:
        super().__init__()
        self.probability = _rounded(probability, "dropout")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.probability)
        keep = torch.ops.tts.keep(x.detach(), round(self.probability * 256))
        return torch.where(keep, x * (1 / (1 - self.probability)), 0)

    def extra_repr(self) -> str:
        return f"probability={self.probability}"


def _rounded(probability: float, name: str) -> float:
    if not 0 <= probability < 1:
        raise UserError(f"{name}={probability} must lie in [0, 1)")
    return min(round(probability * 256), 255) / 256

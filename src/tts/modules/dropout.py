"""Dropout of values and of residual branches (DropPath), cheap to sample on CPUs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.custom_ops import register_operator


def _keep_mask(x: Tensor, dropped: int) -> Tensor:
    """Sample a bool mask of ``x``'s shape on a CPU, False with probability ``dropped`` / 256."""
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    return words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped


def _keep_mask_shape(x: Tensor, dropped: int) -> Tensor:
    return torch.empty(x.shape, dtype=torch.bool)


# An operator, because torch.compile does not support random_ over the full int64 range. It takes
# the tensor and not its shape, because torch.compile merges calls with equal arguments: never apply
# dropout twice to the same tensor.
register_operator(
    "tts::keep_mask",
    "(Tensor x, int dropped) -> Tensor",
    _keep_mask,
    _keep_mask_shape,
    tags=(torch.Tag.nondeterministic_seeded,),
)


class DropPath(nn.Module):
    """Stochastic depth: drop a residual branch for entire utterances (Huang et al. 2016).

    ``(B, ...) -> (B, ...)``; kept utterances are scaled up, so that the expectation is the input.
    ``probability`` in [0, 1) is rounded to 1/256.
    """

    def __init__(self, probability: float = 0.0) -> None:
        super().__init__()
        self.probability = _rounded(probability, "drop_path")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        first = x.detach()[(slice(None), *[slice(1)] * (x.ndim - 1))]  # one value per utterance
        if x.device.type == "cpu":
            keep = torch.ops.tts.keep_mask(first, round(self.probability * 256))
        else:
            keep = torch.rand_like(first, dtype=torch.float32) >= self.probability
        return torch.where(keep, x * (1 / (1 - self.probability)), 0)

    def extra_repr(self) -> str:
        return f"probability={self.probability}"


class Dropout(nn.Module):
    """``nn.Dropout`` with a faster mask on CPUs; ``probability`` in [0, 1) is rounded to 1/256.

    On a CPU one random 64-bit word gives the mask of eight values, because a random number per
    value costs as much as a matrix product of the block.
    """

    def __init__(self, probability: float = 0.1) -> None:
        super().__init__()
        self.probability = _rounded(probability, "dropout")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.probability)
        keep = torch.ops.tts.keep_mask(x.detach(), round(self.probability * 256))
        # one product is faster than torch.where, forward and backward
        return x * keep.to(x.dtype).mul_(1 / (1 - self.probability))

    def extra_repr(self) -> str:
        return f"probability={self.probability}"


@contextmanager
def without_dropout(module: nn.Module) -> Iterator[None]:
    """Switch the dropout of all parts of ``module`` off for a while."""
    active = [m for m in module.modules() if isinstance(m, Dropout | DropPath) and m.training]
    for layer in active:
        layer.eval()
    try:
        yield
    finally:
        for layer in active:
            layer.train()


def _rounded(probability: float, name: str) -> float:
    if not 0 <= probability < 1:
        raise UserError(f"{name}={probability}: choose a probability of at least 0 and below 1")
    return min(round(probability * 256), 255) / 256

"""Quantizer base class: vectors to discrete codes and back, with dropout of levels in training."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class QuantizerOutput(NamedTuple):
    """A quantizer's output in training."""

    latent: Tensor  # (B, T, D) quantized vectors, with the gradient of the input
    codes: Tensor  # (B, T, K) int64
    commitment: Tensor | None  # scalar, mean squared error of the levels; None without codebooks


class Quantizer(nn.Module):
    """Maps vectors ``(B, T, dim)`` to ``codebooks`` codes each, coarse to fine, and back.

    ``dropout``: share of the training sequences of which only the first n levels are kept, with n
    drawn from 1 to ``codebooks`` (quantizer dropout, Zeghidour et al. 2021, section III-C), so that
    the first codes alone are a coarse version of all.
    """

    def __init__(self, dim: int, codebooks: int, codebook_size: int, dropout: float) -> None:
        super().__init__()
        self.dim = dim
        self.codebooks, self.codebook_size, self.dropout = codebooks, codebook_size, dropout

    def forward(self, x: Tensor) -> QuantizerOutput:
        """Quantize ``(B, T, D)`` for training, with a straight-through gradient."""
        raise NotImplementedError

    def quantize(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` vectors -> ``(B, T, K)`` int64 codes."""
        raise NotImplementedError

    def dequantize(self, codes: Tensor) -> Tensor:
        """``(B, T, k)`` codes of the first ``k`` levels -> ``(B, T, D)`` vectors."""
        raise NotImplementedError

    def code_vectors(self) -> Tensor:
        """Return what each code adds to the vector that it stands for: ``(K, V, D)``, centered."""
        level = torch.arange(self.codebooks)
        codes = torch.zeros(self.codebooks, self.codebook_size, self.codebooks, dtype=torch.long)
        codes[level, :, level] = torch.arange(self.codebook_size)
        vectors = self.dequantize(codes.to(next(iter(self.state_dict().values())).device))
        return vectors - vectors.mean(1, keepdim=True)

    def kept_levels(self, x: Tensor) -> Tensor:
        """Return which levels of each sequence of ``x (B, ...)`` to keep: ``(B, K)`` of 0 and 1."""
        batch, device = len(x), x.device
        level = torch.arange(self.codebooks, device=device)
        if not self.training or not self.dropout:
            return torch.ones(batch, self.codebooks, device=device)
        count = torch.randint(1, self.codebooks + 1, (batch, 1), device=device)
        dropped = torch.rand(batch, 1, device=device) < self.dropout
        return torch.where(dropped, level < count, True).float()

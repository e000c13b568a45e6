"""What models know of codec tokens: which ones sound alike, and which codebooks carry the words.

Tokens that stand for like sounds start alike, so what a model learns of one holds for its
neighbours: a codebook has 1,024 entries, and an hour of speech shows each some hundred times.
"""

import torch
from torch import Tensor

LEAST = 1e-6  # root mean square of vectors that differ


def spread_vectors(vectors: Tensor, dim: int) -> Tensor:
    """Map the vectors ``(K, V, D)`` of codes to ``(K, V, dim)`` by one random matrix per codebook.

    Centered and scaled for each codebook, so values have a mean square near 1 in fine ones too.
    Codebooks of equal vectors, as in an untrained codec, get random numbers.
    """
    centered = vectors.float() - vectors.float().mean(1, keepdim=True)
    size = centered.square().mean((1, 2), keepdim=True).sqrt()
    matrix = torch.randn(len(vectors), vectors.shape[-1], dim) * vectors.shape[-1] ** -0.5
    spread = (centered / size.clamp(min=LEAST)) @ matrix.to(centered)
    return torch.where(size > LEAST, spread, torch.randn_like(spread))


def codebook_shares(codebooks: int, coarse: float, device: torch.device) -> Tensor:
    """Return how often or how much each codebook is trained, ``(K,)`` with a sum of 1.

    Codebook k has (k + 1) ** -``coarse`` times the share of codebook 0: the first ones carry the
    words, and the last ones are next to random given the text.
    """
    shares = torch.arange(1, codebooks + 1.0, device=device) ** -coarse
    return shares / shares.sum()

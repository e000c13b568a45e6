"""Start of the embeddings and output layers of codec tokens from the codec's own vectors.

Tokens that stand for like sounds start alike, so what a model learns of one holds for its
neighbours: a codebook has 1,024 entries, and an hour of speech shows each some hundred times.
"""

import torch
from torch import Tensor


def spread_vectors(vectors: Tensor, dim: int) -> Tensor:
    """Map the vectors ``(K, V, D)`` of codes to ``(K, V, dim)`` by one random matrix per codebook.

    Centered and scaled for each codebook, so values have a mean square near 1 in fine ones too.
    """
    centered = vectors.float() - vectors.float().mean(1, keepdim=True)
    size = centered.square().mean((1, 2), keepdim=True).sqrt()
    matrix = torch.randn(len(vectors), vectors.shape[-1], dim) * vectors.shape[-1] ** -0.5
    return (centered / size.clamp(min=1e-8)) @ matrix.to(centered)

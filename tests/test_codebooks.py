"""Codec tokens: those that stand for like sounds start alike, coarse codebooks count more."""

import torch
from torch import Tensor

from tts.codebooks import spread_vectors


def vectors(scale: float = 1.0) -> Tensor:
    return scale * torch.randn(3, 50, 6, generator=torch.Generator().manual_seed(0)) + 4


def spread(given: Tensor) -> Tensor:
    torch.manual_seed(1)
    return spread_vectors(given, 400)


def test_every_codebook_has_mean_zero_and_a_mean_square_near_one() -> None:
    fine = vectors() * torch.tensor([1.0, 0.1, 1e-3])[:, None, None]
    rows = spread(fine)
    assert rows.shape == (3, 50, 400)
    assert rows.mean(1).abs().max() < 1e-4
    assert torch.all((rows.square().mean((1, 2)) - 1).abs() < 0.3)
    assert torch.allclose(rows, spread(fine * 7), atol=1e-4)


def test_distances_are_kept() -> None:
    given = vectors()
    ours, theirs = (torch.cdist(each[0], each[0]).flatten() for each in (spread(given), given))
    assert torch.corrcoef(torch.stack([ours, theirs]))[0, 1] > 0.97


def test_a_codebook_of_equal_vectors_starts_at_random() -> None:
    mixed = torch.stack([torch.ones(50, 6), vectors()[0]])
    rows = spread(mixed)
    assert torch.all((rows.square().mean((1, 2)) - 1).abs() < 0.3)
    assert torch.cdist(rows[0], rows[0]).triu(1)[0, 1:].min() > 1

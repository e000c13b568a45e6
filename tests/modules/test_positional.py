"""Positional encodings: RoPE and ALiBi."""

import torch

from tts.modules.positional import Alibi, Rope


def test_rope_products_depend_on_the_distance_alone() -> None:
    rope = Rope()
    query, key = torch.randn(1, 1, 1, 16), torch.randn(1, 1, 1, 16)
    products = [
        (rope.rotate(query, start + 3) * rope.rotate(key, start)).sum() for start in (0, 10, 500)
    ]
    assert torch.allclose(torch.stack(products), products[0].expand(3), atol=1e-4)
    farther = (rope.rotate(query, 9) * rope.rotate(key, 0)).sum()
    assert not torch.allclose(farther, products[0], atol=1e-3)


def test_alibi_slopes_halve_from_head_to_head() -> None:
    slopes = Alibi().slopes(8)
    assert torch.allclose(slopes, 2.0 ** -torch.arange(1.0, 9.0))

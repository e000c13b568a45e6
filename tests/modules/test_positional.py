"""Positional encodings: RoPE and ALiBi."""

import pytest
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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_rope_rotates_a_frame_as_in_its_sequence(dtype: torch.dtype) -> None:
    rope, x = Rope(), torch.randn(2, 3, 600, 16).to(dtype)
    sequence = rope.rotate(x)
    for position in (0, 1, 255, 256, 511, 599, 7):
        frame = rope.rotate_at(x[:, :, position], position)
        assert torch.allclose(frame, sequence[:, :, position], atol=1e-6)
        assert frame.dtype == dtype


def test_rope_has_gradients_after_it_rotated_in_inference_mode() -> None:
    rope = Rope(base=123.0)  # of no other test
    with torch.inference_mode():
        rope.rotate_at(torch.randn(2, 16), 5)
    x = torch.randn(2, 16, requires_grad=True)
    rope.rotate_at(x, 5).square().sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, 2 * x, atol=1e-5)  # a rotation keeps the norm


def test_alibi_slopes_halve_from_head_to_head() -> None:
    slopes = Alibi().slopes(8)
    assert torch.allclose(slopes, 2.0 ** -torch.arange(1.0, 9.0))

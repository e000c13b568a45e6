"""Activations: parameter counts, and the formula of Snake."""

import pytest
import torch

from tts.modules.activation import GEGLU, GELU, ReLU, Snake, SwiGLU
from tts.modules.feed_forward import FeedForward


@pytest.mark.parametrize("activation", [GELU, ReLU, Snake, SwiGLU, GEGLU])
def test_every_activation_needs_as_many_parameters(activation: type) -> None:
    plain = sum(p.numel() for p in FeedForward(96, 4.0).parameters())
    other = sum(p.numel() for p in FeedForward(96, 4.0, activation=activation).parameters())
    assert other == pytest.approx(plain, rel=0.02)


def test_snake_is_its_formula() -> None:
    x = torch.linspace(-5, 5, 101)
    y = Snake(101)(x)
    assert torch.allclose(y, x + torch.sin(x) ** 2, atol=1e-6)

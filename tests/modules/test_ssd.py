"""The chunked scan equals the sequential recurrence, forward and backward."""

import pytest
import torch
from torch import Tensor

from tts.modules.ssd import ssd, ssd_step


def inputs(frames: int = 77, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    batch, heads, channels, state = 3, 4, 8, 6
    X = torch.randn(batch, frames, heads, channels, dtype=dtype)
    dt = torch.rand(batch, frames, heads, dtype=dtype)
    dA = -torch.rand(batch, frames, heads, dtype=dtype)
    B = torch.randn(batch, frames, state, dtype=dtype) / state**0.5
    C = torch.randn(batch, frames, state, dtype=dtype)
    return tuple(part.requires_grad_() for part in (X, dt, dA, B, C))


def sequential(X: Tensor, dt: Tensor, dA: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Compute the recurrence one frame at a time."""
    state = X.new_zeros(X.shape[0], X.shape[2], B.shape[2], X.shape[3])
    outputs = []
    for t in range(X.shape[1]):
        added = torch.einsum("bh,bn,bhp->bhnp", dt[:, t], B[:, t], X[:, t])
        state = state * dA[:, t].exp()[..., None, None] + added
        outputs.append(torch.einsum("bn,bhnp->bhp", C[:, t], state))
    return torch.stack(outputs, 1)


@pytest.mark.parametrize("chunk", [1, 8, 32, 128])
@pytest.mark.parametrize("frames", [1, 32, 77])
def test_chunked_equals_sequential_forward_and_backward(chunk: int, frames: int) -> None:
    parts = inputs(frames)
    expected, found = sequential(*parts), ssd(*parts, chunk=chunk)
    assert (expected - found).detach().abs().max() < 1e-5 * max(
        1.0, float(expected.detach().abs().max())
    )
    weight = torch.randn_like(expected)
    for a, b in zip(
        torch.autograd.grad((expected * weight).sum(), parts),
        torch.autograd.grad((found * weight).sum(), parts),
        strict=True,
    ):
        assert (a - b).abs().max() < 1e-5 * max(1.0, float(a.abs().max()))


def test_stepping_equals_the_full_sequence() -> None:
    X, dt, dA, B, C = (part.detach() for part in inputs(20))
    state = torch.zeros(3, 4, 6, 8)
    for t in range(20):
        Y, state = ssd_step(X[:, t], dt[:, t], dA[:, t], B[:, t], C[:, t], state)
        full = ssd(X, dt, dA, B, C)[:, t]
        assert torch.allclose(Y, full, atol=1e-5)


def test_strong_decays_do_not_overflow() -> None:
    X, dt, _, B, C = inputs(64)
    dA = torch.full_like(dt, -80.0).requires_grad_()
    Y = ssd(X, dt, dA, B, C)
    Y.sum().backward()
    assert torch.isfinite(Y).all()
    assert all(torch.isfinite(part.grad).all() for part in (X, dt, dA, B, C))


def test_bfloat16_is_close_to_float32() -> None:
    X, dt, dA, B, C = (part.detach() for part in inputs())
    expected = ssd(X, dt, dA, B, C)
    found = ssd(X.bfloat16(), dt, dA, B.bfloat16(), C.bfloat16())
    assert found.dtype == torch.bfloat16
    assert (found.float() - expected).abs().mean() < 0.03 * expected.abs().mean()

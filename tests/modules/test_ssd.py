"""The chunked scan is held to the plain recurrence, forward and backward."""

import pytest
import torch
from torch import Tensor

from tts.modules.ssd import ssd, ssd_step


def inputs(frames: int = 77, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    batch, heads, width, state = 3, 4, 8, 6
    x = torch.randn(batch, frames, heads, width, dtype=dtype)
    dt = torch.rand(batch, frames, heads, dtype=dtype)
    log_decay = -torch.rand(batch, frames, heads, dtype=dtype)
    b = torch.randn(batch, frames, state, dtype=dtype) / state**0.5
    c = torch.randn(batch, frames, state, dtype=dtype)
    return tuple(part.requires_grad_() for part in (x, dt, log_decay, b, c))


def sequential(x: Tensor, dt: Tensor, log_decay: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The recurrence as it is written, a frame at a time."""
    state = x.new_zeros(x.shape[0], x.shape[2], b.shape[2], x.shape[3])
    outputs = []
    for t in range(x.shape[1]):
        inflow = torch.einsum("bh,bn,bhp->bhnp", dt[:, t], b[:, t], x[:, t])
        state = state * log_decay[:, t].exp()[..., None, None] + inflow
        outputs.append(torch.einsum("bn,bhnp->bhp", c[:, t], state))
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


def test_steps_equal_the_whole() -> None:
    x, dt, log_decay, b, c = (part.detach() for part in inputs(20))
    state = torch.zeros(3, 4, 6, 8)
    for t in range(20):
        y, state = ssd_step(x[:, t], dt[:, t], log_decay[:, t], b[:, t], c[:, t], state)
        whole = ssd(x, dt, log_decay, b, c)[:, t]
        assert torch.allclose(y, whole, atol=1e-5)


def test_strong_decays_do_not_overflow() -> None:
    x, dt, _, b, c = inputs(64)
    log_decay = torch.full_like(dt, -80.0).requires_grad_()
    y = ssd(x, dt, log_decay, b, c)
    y.sum().backward()
    assert torch.isfinite(y).all()
    assert all(torch.isfinite(part.grad).all() for part in (x, dt, log_decay, b, c))


def test_half_precision_stays_near() -> None:
    x, dt, log_decay, b, c = (part.detach() for part in inputs())
    exact = ssd(x, dt, log_decay, b, c)
    rough = ssd(x.bfloat16(), dt, log_decay, b.bfloat16(), c.bfloat16())
    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).abs().mean() < 0.03 * exact.abs().mean()

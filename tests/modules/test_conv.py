"""Depthwise convolution: sum of scales, and equality with conv1d."""

import pytest
import torch
from torch import Tensor

from tts.modules.conv import DepthwiseConv
from tts.modules.depthwise import DepthwiseConv1d

DIM = 32
KERNELS = (3, 7)


def frames(size: int = 40) -> Tensor:
    return torch.randn(2, size, DIM, generator=torch.Generator().manual_seed(1))


def test_a_multi_scale_convolution_is_the_sum_of_its_scales() -> None:
    torch.manual_seed(0)
    for direction in ("causal", "anticausal", "centered"):
        both = DepthwiseConv(DIM, KERNELS, direction)  # type: ignore[arg-type]
        parts = [DepthwiseConv(DIM, (k,), direction) for k in KERNELS]  # type: ignore[arg-type]
        for part, weight in zip(parts, both.weights, strict=True):
            part.weights[0].data.copy_(weight)
        x = frames()
        assert torch.allclose(both(x), sum(part(x) for part in parts), atol=1e-5)


@pytest.mark.parametrize("direction", ["causal", "anticausal"])
def test_a_depthwise_convolution_equals_conv1d_forward_and_backward(direction: str) -> None:
    torch.manual_seed(0)
    conv = DepthwiseConv(DIM, (4,), direction)  # type: ignore[arg-type]
    x = frames().requires_grad_()
    [weight] = conv.weights
    padded = torch.nn.functional.pad(x.mT, (conv.before, conv.after))
    plain = torch.nn.functional.conv1d(padded, weight.T[:, None], conv.bias, groups=DIM).mT
    upstream = torch.randn_like(plain)
    expected = torch.autograd.grad(plain, (x, weight, conv.bias), upstream)
    assert torch.allclose(conv(x), plain, atol=1e-5)
    found = torch.autograd.grad(conv(x), (x, weight, conv.bias), upstream)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("channels", [7, 16])
def test_few_channels_are_convolved_in_full_precision_under_autocast(channels: int) -> None:
    """oneDNN never ends with them in bf16, on some CPUs."""
    torch.manual_seed(0)
    conv = DepthwiseConv(channels, (31,), "anticausal")
    x = torch.randn(2, 50, channels)
    with torch.autocast("cpu", torch.bfloat16):
        half = conv(x.bfloat16())
    assert half.dtype == torch.bfloat16
    rounded = conv(x.bfloat16().float())
    assert torch.allclose(half.float(), rounded, atol=0.02, rtol=0.01)


@pytest.mark.parametrize("taps", [4, 31])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_the_gradient_of_depthwise_weights_is_that_of_torch(taps: int, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 50, 20, dtype=dtype, requires_grad=True)
    weight = torch.randn(20, 1, taps, dtype=dtype, requires_grad=True)
    y = DepthwiseConv1d.apply(x, weight, 2)
    with torch.no_grad():
        output = torch.randn(y.shape, dtype=dtype)
    expected = torch.nn.functional.conv1d(x.double().mT, weight.double(), padding=2, groups=20).mT
    wanted = torch.autograd.grad(expected, (x, weight), output.double())
    found = torch.autograd.grad(y, (x, weight), output)
    for mine, theirs in zip((y, *found), (expected, *wanted), strict=True):
        assert mine.dtype == dtype
        error = (mine.double() - theirs.double()).norm() / theirs.double().norm()
        assert error < {torch.float64: 1e-12, torch.float32: 1e-6, torch.bfloat16: 1e-2}[dtype]

"""Depthwise convolution: sum of scales, and equality with conv1d."""

import pytest
import torch
from torch import Tensor

from tts.modules.conv import DepthwiseConv

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

"""Products of attention: in bf16 on a CPU as in fp32, with their gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tts.modules.attention import dot_product_attention, key_mask


@pytest.mark.parametrize("kind", ["none", "causal", "keys", "bias"])
@pytest.mark.parametrize("autocast", [False, True])
def test_bf16_attention_and_its_gradients_are_those_of_fp32(kind: str, autocast: bool) -> None:
    torch.manual_seed(0)
    exact = [torch.randn(2, 4, 9, 8).bfloat16().float().requires_grad_() for _ in range(3)]
    rounded = [x.detach().bfloat16().requires_grad_() for x in exact]
    mask: Tensor | None = None
    if kind == "keys":
        mask = key_mask(torch.arange(9) < torch.tensor([[9], [4]]))
    elif kind == "bias":
        mask = -torch.arange(9.0).expand(9, 9).abs()
    given = mask.bfloat16() if kind == "bias" and mask is not None else mask
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        y = dot_product_attention(*rounded, given, causal=kind == "causal")
    z = F.scaled_dot_product_attention(*exact, mask, is_causal=kind == "causal")
    assert y.dtype == torch.bfloat16
    assert torch.allclose(y.float(), z, atol=0.02)
    y.float().square().sum().backward()
    z.square().sum().backward()
    for one, other in zip(rounded, exact, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad.float(), other.grad, atol=0.1)

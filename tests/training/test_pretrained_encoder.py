"""Text encoder that starts from an M2M100 on the disk: every weight in its place, clear errors."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.activation import ReLU
from tts.modules.attention import SelfAttention
from tts.modules.context import Context
from tts.modules.feed_forward import FeedForward
from tts.modules.positional import M2M100Sines
from tts.modules.pretrained_encoder import PretrainedEncoder
from tts.modules.stack import Stack
from tts.training.pretrained_encoder import require_no_pretrained_encoder, start_encoder

WIDTH, HEADS, HIDDEN, LAYERS = 16, 4, 32, 2


def model(depth: int = LAYERS, heads: int = HEADS, frozen: bool = False) -> nn.Module:
    stack = partial(
        Stack, depth=depth, mixer=partial(SelfAttention, heads=heads),
        feed_forward=partial(FeedForward, multiple=2, activation=ReLU),
    )  # fmt: skip
    made = nn.Module()
    made.encoder = PretrainedEncoder(8, stack, WIDTH, frozen, style_dim=3).eval()
    return made


def folder(path: Path) -> dict[str, Tensor]:
    """Write a tiny M2M100 of random weights, and return its tensors."""
    torch.manual_seed(0)
    shapes = {
        f"layers.{n}.{name}": shape
        for n in range(LAYERS)
        for name, shape in {
            **{f"self_attn.{part}_proj": (WIDTH, WIDTH) for part in ("q", "k", "v", "out")},
            "fc1": (HIDDEN, WIDTH), "fc2": (WIDTH, HIDDEN),
            "self_attn_layer_norm": (WIDTH,), "final_layer_norm": (WIDTH,),
        }.items()
    } | {"layer_norm": (WIDTH,)}  # fmt: skip
    tensors = {"model.shared.weight": torch.randn(5, WIDTH)}
    for name, shape in shapes.items():
        tensors[f"model.encoder.{name}.weight"] = 0.3 * torch.randn(shape)
        tensors[f"model.encoder.{name}.bias"] = 0.3 * torch.randn(shape[0])
    save_file(tensors, path / "model.safetensors")
    sizes = {"d_model": WIDTH, "encoder_attention_heads": HEADS, "encoder_ffn_dim": HIDDEN}
    (path / "config.json").write_text(json.dumps(sizes))
    return tensors


def test_the_layers_compute_what_those_of_m2m100_do(tmp_path: Path) -> None:
    theirs = folder(tmp_path)
    made = model()
    start_encoder(str(tmp_path), made)
    x, mask = torch.randn(1, 7, WIDTH), torch.ones(1, 7, dtype=torch.bool)

    def linear(name: str, y: Tensor) -> Tensor:
        prefix = f"model.encoder.{name}"
        return F.linear(y, theirs[f"{prefix}.weight"], theirs[f"{prefix}.bias"])

    def norm(name: str, y: Tensor) -> Tensor:
        prefix = f"model.encoder.{name}"
        weight, bias = theirs[f"{prefix}.weight"], theirs[f"{prefix}.bias"]
        return F.layer_norm(y, (WIDTH,), weight, bias)

    expected = x
    for n in range(LAYERS):
        y = norm(f"layers.{n}.self_attn_layer_norm", expected)
        q, k, v = (
            linear(f"layers.{n}.self_attn.{part}_proj", y)
            .unflatten(-1, (HEADS, -1))
            .transpose(1, 2)
            for part in "qkv"
        )
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        expected = expected + linear(f"layers.{n}.self_attn.out_proj", y)
        y = norm(f"layers.{n}.final_layer_norm", expected)
        expected = expected + linear(f"layers.{n}.fc2", F.relu(linear(f"layers.{n}.fc1", y)))
    found = made.encoder.stack(x, Context(mask, style=torch.randn(1, 3)))
    assert torch.allclose(found, norm("layer_norm", expected), atol=1e-5)


def test_frozen_layers_leave_the_style_and_the_linears_to_learn() -> None:
    learning = {n for n, p in model(frozen=True).encoder.named_parameters() if p.requires_grad}
    assert {"input.weight", "output.weight"} <= learning
    assert all(name.startswith(("input", "output")) or ".film." in name for name in learning)
    assert any(".film." in name for name in learning)


def test_positions_are_those_of_m2m100() -> None:
    found = M2M100Sines().add(torch.zeros(1, 4, 6))[0]
    assert found.shape == (4, 6)
    assert torch.allclose(found[0, [0, 3]], torch.tensor([0.9093, -0.4161]), atol=1e-4)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    folder(tmp_path)
    with pytest.raises(UserError, match=r"encoder_attention_heads=4, and this model 2: set model"):
        start_encoder(str(tmp_path), model(heads=2))
    with pytest.raises(UserError, match=r"lacks encoder.layers.2.*stack.depth"):
        start_encoder(str(tmp_path), model(depth=3))
    with pytest.raises(UserError, match="needs model/encoder=pretrained"):
        start_encoder(str(tmp_path), nn.Module())
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(UserError, match="safe_serialization=True"):
        start_encoder(str(tmp_path), model())
    with pytest.raises(UserError, match="needs encoder_from=FOLDER"):
        require_no_pretrained_encoder(model())
    require_no_pretrained_encoder(nn.Module())
    with pytest.raises(UserError, match=r"has no config.json"):
        start_encoder(str(tmp_path / "none"), model())

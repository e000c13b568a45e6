"""Laws of every mixer and of the stack of them."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.modules.attention import CrossAttention, SelfAttention
from tts.modules.bidirectional_mamba import BidirectionalMamba, reverse_sequence
from tts.modules.conv import Conv, ConvCore, DepthwiseConv
from tts.modules.feed_forward import FeedForward
from tts.modules.mamba import Mamba, MambaCore
from tts.modules.mamba_conv import MambaConv
from tts.modules.positional import Alibi, NoPosition, Rope, Sinusoidal
from tts.modules.stack import Context, MixerWithCross, Stack

DIM = 32
KERNELS = (3, 7)
MIXERS: dict[str, Callable[..., nn.Module]] = {
    "mamba": partial(Mamba, head_dim=16, state=8, chunk=8),
    "mamba_conv": partial(
        MambaConv,
        mamba=partial(MambaCore, expand=1.0, head_dim=16, state=8, chunk=8),
        conv=partial(ConvCore, kernels=KERNELS),
    ),
    "mamba_mamba": partial(BidirectionalMamba, head_dim=16, state=8, chunk=8),
    "conv": partial(Conv, kernels=KERNELS),
    "causal conv": partial(Conv, kernels=KERNELS, direction="causal"),
    "anticausal conv": partial(Conv, kernels=KERNELS, direction="anticausal"),
    "attention": partial(SelfAttention, heads=2),
    "causal attention": partial(SelfAttention, heads=2, causal=True),
}
CAUSAL = ["mamba", "causal conv", "causal attention"]
POSITIONS = {"none": NoPosition, "sinusoidal": Sinusoidal, "rope": Rope, "alibi": Alibi}


def stack(mixer: str, position: str = "none", **options: object) -> Stack:
    torch.manual_seed(0)
    built = Stack(
        DIM, 2, MIXERS[mixer], partial(FeedForward, multiple=2.0), POSITIONS[position],
        **options,  # type: ignore[arg-type]
    )  # fmt: skip
    return built.eval()


def frames(size: int = 40) -> Tensor:
    return torch.randn(2, size, DIM, generator=torch.Generator().manual_seed(1))


def allowed(mixer: str, position: str) -> bool:
    return not ("conv" in mixer and "mamba" not in mixer and position in ("rope", "alibi"))


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("mixer", MIXERS)
def test_padding_changes_no_real_frame_and_is_zero(mixer: str, position: str) -> None:
    if not allowed(mixer, position):
        with pytest.raises(UserError, match="model/positional"):
            stack(mixer, position)
        return
    model = stack(mixer, position)
    lengths = torch.tensor([40, 23])
    mask = mask_from_lengths(lengths)
    noisy = torch.where(mask[..., None], frames(), 100.0)
    out = model(noisy, Context(mask))
    alone = model(frames()[1:, :23], Context(mask[1:, :23]))
    assert torch.allclose(out[1, :23], alone[0], atol=1e-4)
    assert not out[1, 23:].any()


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("mixer", CAUSAL)
def test_a_causal_mixer_ignores_later_frames(mixer: str, position: str) -> None:
    if not allowed(mixer, position):
        return
    model, x = stack(mixer, position), frames()
    mask = torch.ones(2, 40, dtype=torch.bool)
    changed = x.clone()
    changed[:, 20:] = frames(60)[:, 40:60]
    before, after = model(x, Context(mask)), model(changed, Context(mask))
    assert torch.allclose(before[:, :20], after[:, :20], atol=1e-5)
    assert not torch.allclose(before[:, 20:], after[:, 20:], atol=1e-2)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("mixer", CAUSAL)
def test_stepping_equals_the_full_sequence(mixer: str, position: str) -> None:
    if not allowed(mixer, position):
        return
    model, x = stack(mixer, position, style_dim=5), frames(13)
    style = torch.randn(2, 5)
    full = model(x, Context(torch.ones(2, 13, dtype=torch.bool), style=style))
    state = model.initial_state(2, style=style)
    for t in range(13):
        y, state = model.step(x[:, t], state)
        assert torch.allclose(y, full[:, t], atol=1e-4)


def test_cross_attention_steps_and_ignores_padding() -> None:
    torch.manual_seed(0)
    layers = MixerWithCross(MIXERS["causal attention"], partial(CrossAttention, heads=2))
    model = Stack(DIM, 2, layers).eval()
    memory, mask = torch.randn(2, 9, DIM), mask_from_lengths(torch.tensor([9, 5]))
    x = frames(7)
    full = model(x, Context(torch.ones(2, 7, dtype=torch.bool), memory, mask))
    other = torch.where(mask[..., None], memory, 50.0)
    again = model(x, Context(torch.ones(2, 7, dtype=torch.bool), other, mask))
    assert torch.allclose(full, again, atol=1e-5)
    state = model.initial_state(2, memory, mask)
    for t in range(7):
        y, state = model.step(x[:, t], state)
        assert torch.allclose(y, full[:, t], atol=1e-4)


@pytest.mark.parametrize(
    "mixer", ["mamba_conv", "mamba_mamba", "conv", "attention", "anticausal conv"]
)
def test_a_mixer_that_is_not_causal_cannot_step(mixer: str) -> None:
    model = stack(mixer)
    with pytest.raises(UserError, match="causal"):
        model.step(frames()[:, 0], model.initial_state(2))


@pytest.mark.parametrize("mixer", MIXERS)
def test_an_untrained_style_changes_nothing(mixer: str) -> None:
    plain, styled = stack(mixer), stack(mixer, style_dim=5)
    styled.load_state_dict(plain.state_dict(), strict=False)
    mask = torch.ones(2, 40, dtype=torch.bool)
    context = Context(mask, style=torch.randn(2, 5))
    assert torch.allclose(plain(frames(), Context(mask)), styled(frames(), context), atol=1e-5)


def test_a_reversed_input_gives_a_reversed_output_with_the_scans_swapped() -> None:
    torch.manual_seed(0)
    mixer = BidirectionalMamba(DIM, head_dim=16, state=8, chunk=8)
    mask = mask_from_lengths(torch.tensor([40, 23]))
    context = Context(mask)
    forward = mixer(frames(), context)
    mixer.forward_mamba, mixer.backward_mamba = mixer.backward_mamba, mixer.forward_mamba
    with torch.no_grad():
        mixer.fuse.weight.copy_(mixer.fuse.weight.roll(DIM, 1))
    backward = reverse_sequence(mixer(reverse_sequence(frames(), mask), context), mask)
    assert torch.allclose(forward[mask], backward[mask], atol=1e-5)


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

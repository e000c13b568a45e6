"""Stack of mixers: padding, causality, single steps, style, for every mixer and position."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.modules.attention import SelfAttention
from tts.modules.bidirectional_mamba import BidirectionalMamba
from tts.modules.conv import Conv, ConvCore
from tts.modules.cross_attention import CrossAttention
from tts.modules.feed_forward import FeedForward
from tts.modules.film import FiLM
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
    for film in (part for part in model.modules() if isinstance(part, FiLM)):
        nn.init.normal_(film.project.weight, std=0.3)
    style = torch.randn(2, 5)
    full = model(x, Context(torch.ones(2, 13, dtype=torch.bool), style=style))
    state = model.initial_state(2, style=style)
    for t in range(13):
        y, state = model.step(x[:, t], state)
        assert torch.allclose(y, full[:, t], atol=1e-4)


def test_steps_of_a_stack_with_style_need_a_style() -> None:
    with pytest.raises(ValueError, match="style is None"):
        stack("mamba", style_dim=5).initial_state(2)


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
def test_an_untrained_style_does_not_change_the_output(mixer: str) -> None:
    plain, styled = stack(mixer), stack(mixer, style_dim=5)
    styled.load_state_dict(plain.state_dict(), strict=False)
    mask = torch.ones(2, 40, dtype=torch.bool)
    context = Context(mask, style=torch.randn(2, 5))
    assert torch.allclose(plain(frames(), Context(mask)), styled(frames(), context), atol=1e-5)

"""Laws of the cross-attentions, with every causal mixer of a decoder."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from tts.masks import mask_from_lengths
from tts.modules.attention import CausalAttention
from tts.modules.cross_attention import CrossAttention
from tts.modules.location_sensitive_attention import LocationSensitiveAttention
from tts.modules.mamba import Mamba, MambaCore
from tts.modules.mamba_attention import MambaAttention
from tts.modules.monotonic_attention import MonotonicAttention
from tts.modules.positional import DefaultPosition
from tts.modules.stack import Context, MixerWithCross, Stack
from tts.modules.windowed_attention import WindowedAttention

DIM, TOKENS, STEPS = 32, 11, 14
MIXERS: dict[str, Callable[..., nn.Module]] = {
    "attention": partial(CausalAttention, heads=2),
    "mamba": partial(Mamba, head_dim=16, state=8, chunk=8),
    "mamba_attention": partial(
        MambaAttention,
        mamba=partial(MambaCore, head_dim=16, state=8, chunk=8),
        attention=partial(CausalAttention, heads=2),
    ),
}
CROSS: dict[str, Callable[..., nn.Module]] = {
    "plain": partial(CrossAttention, heads=2),
    "windowed": partial(WindowedAttention, heads=2, width=0.3),
    "location_sensitive": partial(LocationSensitiveAttention, heads=2, kernel=5),
    "monotonic": partial(MonotonicAttention, heads=2),
}
LENGTHS = torch.tensor([TOKENS, 7])
MASK = mask_from_lengths(LENGTHS)


def decoder(cross: Callable[..., nn.Module], mixer: str = "attention") -> Stack:
    torch.manual_seed(0)
    layers = MixerWithCross(MIXERS[mixer], cross)
    built = Stack(DIM, 2, layers, positional=DefaultPosition, style_dim=5).eval()
    with torch.no_grad():
        for parameter in built.parameters():  # sharp enough that windows and decisions matter
            parameter.add_(0.2 * torch.randn_like(parameter))
    return built


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def context(memory: Tensor | None = None, steps: int = STEPS) -> Context:
    memory = random(2, TOKENS, DIM, seed=2) if memory is None else memory
    real = torch.ones(2, steps, dtype=torch.bool)
    return Context(real, memory, MASK, random(2, 5, seed=3))


def alignments(model: Stack, x: Tensor, given: Context) -> Tensor:
    return torch.stack(reported(model, x, given)[1]).exp()  # (layers, B, H, T, N)


def reported(model: nn.Module, x: Tensor, given: Context) -> tuple[Tensor, list[Tensor]]:
    """The output of a model, and the log-weights that it reports."""
    found: list[Tensor] = []
    return model(x, given._replace(report=found.append)), found


@pytest.mark.parametrize("cross", CROSS)
@pytest.mark.parametrize("mixer", MIXERS)
def test_step_by_step_equals_the_parallel_pass(mixer: str, cross: str) -> None:
    model, x, given = decoder(CROSS[cross], mixer), random(2, STEPS, DIM), context()
    with torch.no_grad():
        together, log_weights = reported(model, x, given)
        state = model.initial_state(2, given.memory, MASK, given.style)
        for t in range(STEPS):
            y, state = model.step(x[:, t], state)
            assert torch.allclose(y, together[:, t], atol=1e-4)
            if cross != "monotonic":  # which reports the expected alignment
                weights = torch.stack([block[1].weights for block in state.blocks])
                seen = torch.stack(log_weights)[:, :, :, t].exp()
                assert torch.allclose(weights, seen, atol=1e-4)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("cross", CROSS)
def test_weights_are_distributions_over_the_real_tokens(cross: str, training: bool) -> None:
    model = decoder(CROSS[cross]).train(training)
    memory = random(2, TOKENS, DIM, seed=2)
    torch.manual_seed(5)
    weights = alignments(model, random(2, STEPS, DIM), context(memory))
    assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-4)
    assert weights[:, 1, :, :, 7:].max() < 1e-6
    torch.manual_seed(5)
    other = torch.where(MASK[..., None], memory, 50.0)
    again = alignments(model, random(2, STEPS, DIM), context(other))
    assert torch.allclose(weights, again, atol=1e-5)


def test_only_the_last_blocks_report_their_alignment() -> None:
    model, given = decoder(CROSS["plain"]), context()
    x = random(2, STEPS, DIM)
    expected, both = reported(model, x, given)
    y, [last] = reported(model, x, given._replace(aligned_blocks=1))
    assert torch.allclose(y, expected, atol=1e-5)
    assert len(both) == 2
    assert torch.allclose(last, both[1], atol=1e-5)


@pytest.mark.parametrize("cross", CROSS)
def test_given_weights_take_the_place_of_those_of_the_first_heads(cross: str) -> None:
    layer = CROSS[cross](dim=DIM)
    x, given = random(2, STEPS, DIM), context()
    token = torch.arange(STEPS) // 2
    alignment = nn.functional.one_hot(token, TOKENS).float().expand(2, -1, -1)
    own = alignments_of(layer, x, given)
    torch.manual_seed(0)
    plain = layer(x, context())
    for heads in (1, 2):
        read = context()._replace(forced_alignment=alignment, forced_heads=heads)
        torch.manual_seed(0)
        y, [log_weights] = reported(layer, x, read)
        assert torch.allclose(log_weights, own, atol=1e-5)  # what the layer would read
        value = layer.initial_state(2, given).value[:, :heads, token]  # (B, heads, T, D)
        rest = own[:, heads:].exp() @ layer.initial_state(2, given).value[:, heads:]
        expected = torch.cat([value, rest], 1).transpose(1, 2).flatten(2)
        if heads == 2 or cross != "monotonic":  # which reports the expected alignment
            assert torch.allclose(y, layer.output(expected), atol=1e-5)
        none = context()._replace(forced_alignment=torch.zeros_like(alignment), forced_heads=heads)
        torch.manual_seed(0)
        assert torch.allclose(layer(x, none), plain, atol=1e-5)


def alignments_of(layer: nn.Module, x: Tensor, given: Context) -> Tensor:
    torch.manual_seed(0)
    [log_weights] = reported(layer, x, given)[1]
    return log_weights


@pytest.mark.parametrize("training", [False, True])
def test_an_infinite_window_is_plain_attention(training: bool) -> None:
    plain = decoder(CROSS["plain"]).train(training)
    windowed = decoder(partial(WindowedAttention, heads=2, width=float("inf"))).train(training)
    windowed.load_state_dict(plain.state_dict())
    x = random(2, STEPS, DIM)
    with torch.no_grad():
        torch.manual_seed(1)
        expected = plain(x, context())
        torch.manual_seed(1)
        assert torch.allclose(windowed(x, context()), expected, atol=1e-5)


def test_a_hard_window_stays_around_the_previous_position() -> None:
    model = decoder(CROSS["windowed"])
    weights = alignments(model, random(2, STEPS, DIM), context())
    position = (weights @ torch.arange(float(TOKENS))).mean(2)  # (layers, B, T)
    before = torch.cat([torch.zeros_like(position[..., :1]), position[..., :-1]], -1)
    radius = (0.3 * LENGTHS).clamp(min=3.0)[:, None, None, None]
    far = (torch.arange(TOKENS) - before[:, :, None, :, None]).abs() > radius
    assert (weights * far).max() < 1e-6
    assert far[:, 0].any()


def test_monotonic_attention_moves_by_one_token_and_never_back() -> None:
    model, given = decoder(CROSS["monotonic"]), context(steps=40)
    state = model.initial_state(2, given.memory, MASK, given.style)
    paths = []
    for t in range(40):
        _, state = model.step(random(2, DIM, seed=t), state)
        weights = torch.stack([block[1].weights for block in state.blocks])  # (layers, B, H, N)
        assert torch.equal(weights.amax(-1), torch.ones_like(weights[..., 0]))
        paths.append(weights.argmax(-1))
    jumps = torch.stack(paths).diff(dim=0)
    assert set(jumps.unique().tolist()) == {0, 1}
    assert (paths[-1].amax((0, 2)) < LENGTHS).all()


def test_the_expected_alignment_is_the_mean_over_random_paths() -> None:
    attention = MonotonicAttention(DIM, heads=1, noise=0.0).train()
    given = context(steps=5)
    state = attention.initial_state(2, given)
    query = 4 * random(2, 1, 5, DIM)
    expected, _ = attention.align(query, state)
    stay = attention._logits(query, state).sigmoid()[0, 0]  # (T, N)
    generator = torch.Generator().manual_seed(0)
    token = torch.zeros(20_000, dtype=torch.long)
    for t in range(5):
        moves = torch.rand(len(token), generator=generator) >= stay[t, token]
        token = (token + moves).clamp(max=TOKENS - 1)
    found = torch.bincount(token, minlength=TOKENS) / len(token)
    assert torch.allclose(expected[0, 0, -1], found, atol=0.02)


@pytest.mark.parametrize("cross", CROSS)
def test_a_restricted_step_reads_the_allowed_tokens_alone(cross: str) -> None:
    model, given = decoder(CROSS[cross]), context()
    state = model.initial_state(2, given.memory, MASK, given.style)
    allowed = torch.zeros(2, TOKENS, dtype=torch.bool)
    allowed[:, 4:6] = True
    blocks = []
    for block, (mixer, before) in zip(model.blocks, state.blocks, strict=True):
        layer = block.cross.layer  # type: ignore[union-attr]
        blocks.append((mixer, layer.restrict(before, allowed, layer.heads)))
    _, state = model.step(random(2, DIM), state._replace(blocks=tuple(blocks)))
    for _, after in state.blocks:
        assert (after.weights * ~allowed[:, None]).sum() < 1e-6 or cross == "monotonic"
        assert after.weights[..., 4:7].sum(-1).min() > 0.999

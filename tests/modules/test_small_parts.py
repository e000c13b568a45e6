"""Laws of activations, feed-forward, dropout and style."""

import pytest
import torch

from tests.models.assemble import facts
from tts.errors import UserError
from tts.modules.activation import GEGLU, GELU, ReLU, Snake, SwiGLU
from tts.modules.dropout import Dropout, DropPath
from tts.modules.feed_forward import FeedForward
from tts.modules.film import FiLM
from tts.modules.style import ReferenceStyle, SpeakerStyle


@pytest.mark.parametrize("activation", [GELU, ReLU, Snake, SwiGLU, GEGLU])
def test_every_activation_needs_as_many_parameters(activation: type) -> None:
    plain = sum(p.numel() for p in FeedForward(96, 4.0).parameters())
    other = sum(p.numel() for p in FeedForward(96, 4.0, activation=activation).parameters())
    assert other == pytest.approx(plain, rel=0.02)


def test_snake_is_its_formula() -> None:
    x = torch.linspace(-5, 5, 101)
    y = Snake(101)(x)
    assert torch.allclose(y, x + torch.sin(x) ** 2, atol=1e-6)


@pytest.mark.parametrize("layer", [Dropout(0.25), DropPath(0.25)])
def test_dropout_keeps_the_mean_and_does_nothing_in_evaluation(layer: torch.nn.Module) -> None:
    torch.manual_seed(0)
    x = torch.ones(4000, 50)
    layer.train()
    assert layer(x).mean() == pytest.approx(1.0, abs=0.03)
    assert (layer(x) == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    layer.eval()
    assert torch.equal(layer(x), x)


def test_drop_path_drops_entire_utterances() -> None:
    torch.manual_seed(0)
    dropped = DropPath(0.5).train()(torch.ones(64, 3, 5)).flatten(1)
    assert ((dropped == 0).all(1) | (dropped == 2).all(1)).all()


def test_film_scales_and_shifts_each_channel() -> None:
    film = FiLM(3, 4)
    x, style = torch.randn(2, 7, 4), torch.randn(2, 3)
    assert torch.equal(film(x, style), x)
    film.project.bias.data[:4] = 1.0  # scale 2
    film.project.bias.data[4:] = 0.5
    assert torch.allclose(film(x, style), 2 * x + 0.5)


def test_speakers_have_different_styles() -> None:
    style = SpeakerStyle(facts(2), dim=8)
    one, two = style(torch.tensor([0, 1]))
    assert not torch.equal(one, two)
    with pytest.raises(UserError, match="speaker"):
        style(None)


def test_padding_of_a_reference_changes_nothing() -> None:
    torch.manual_seed(0)
    style = ReferenceStyle(facts(1), dim=8).eval()
    mel = torch.randn(1, 50, 80)
    padded = torch.cat([mel, torch.full((1, 30, 80), 9.0)], 1)
    alone = style(None, mel)
    assert torch.allclose(alone, style(None, padded, torch.tensor([50])), atol=1e-5)
    assert not torch.allclose(alone, style(None, torch.randn(1, 50, 80)), atol=1e-2)
    with pytest.raises(UserError, match="reference"):
        style(None, None)

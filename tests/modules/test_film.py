"""FiLM: a scale and a shift per channel."""

import torch

from tts.modules.film import FiLM


def test_film_scales_and_shifts_each_channel() -> None:
    film = FiLM(3, 4)
    x, style = torch.randn(2, 7, 4), torch.randn(2, 3)
    assert torch.equal(film(x, style), x)
    film.project.bias.data[:4] = 1.0  # scale 2
    film.project.bias.data[4:] = 0.5
    assert torch.allclose(film(x, style), 2 * x + 0.5)

"""FiLM: a scale and a shift per channel."""

import torch

from tts.modules.film import FiLM, modulate


def test_film_scales_and_shifts_each_channel() -> None:
    film = FiLM(3, 4)
    x, style = torch.randn(2, 7, 4), torch.randn(2, 3)
    assert torch.equal(film(x, style), x)
    film.project.bias.data[:4] = 1.0  # scale 2
    film.project.bias.data[4:] = 0.5
    assert torch.allclose(film(x, style), 2 * x + 0.5)


def test_a_frame_is_modulated_as_in_its_sequence() -> None:
    film = FiLM(3, 4)
    torch.nn.init.normal_(film.project.weight)
    x, style = torch.randn(2, 7, 4), torch.randn(2, 3)
    modulation = film.modulation(style)
    frames = [modulate(frame, modulation) for frame in x.unbind(1)]
    assert torch.equal(torch.stack(frames, 1), film(x, style))

"""A distance between mels has the slope that it is chosen for, and padding none."""

from types import SimpleNamespace

import torch
from fakes import composed
from hydra.utils import instantiate


def test_huber_is_a_parabola_near_the_target_and_a_line_far_from_it() -> None:
    given = ("model/loss/terms/mel=huber", "model.loss.terms.mel.distance.delta=0.5")
    loss = instantiate(composed("train", *given).model.loss.terms.mel, _convert_="all")
    error = torch.tensor([[[0.1], [-0.4], [0.5], [3.0], [-9.0], [7.0]]], requires_grad=True)
    mask = torch.tensor([[True] * 5 + [False]])
    output = SimpleNamespace(mel=error, frame_mask=mask)
    (5 * loss(output, SimpleNamespace(mel=torch.zeros_like(error)))).backward()
    assert error.grad is not None
    slope = error.detach().clamp(-0.5, 0.5) * mask[..., None]
    assert torch.allclose(error.grad, slope)


def test_a_change_is_heard_where_an_error_turns_and_not_where_it_stays() -> None:
    given = ("model/postnet=boundary", "model.loss.weights.mel_delta=0.5")
    loss = instantiate(composed("train", *given).model.loss.terms.mel_delta, _convert_="all")
    batch = SimpleNamespace(mel=torch.randn(1, 9, 4))
    mask = torch.arange(9)[None] < 8
    turning = torch.tensor([0.5, -0.5]).repeat(5)[:9, None]

    def cost(error: torch.Tensor) -> float:
        padding = 100.0 * ~mask[..., None]
        return float(loss(SimpleNamespace(mel=batch.mel + error + padding, frame_mask=mask), batch))

    assert abs(cost(torch.tensor(3.0))) < 1e-6
    assert abs(cost(turning) - 1.0) < 1e-6

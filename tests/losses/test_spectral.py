"""A distance between mels has the slope that it is chosen for, and padding none."""

from types import SimpleNamespace

import torch
from fakes import composed
from hydra.utils import instantiate


def test_huber_is_a_parabola_near_the_target_and_a_line_far_from_it() -> None:
    given = ("model/loss/mel=huber", "loss.terms.mel.distance.delta=0.5")
    loss = instantiate(composed("train", *given).loss.terms.mel, _convert_="all")
    error = torch.tensor([[[0.1], [-0.4], [0.5], [3.0], [-9.0], [7.0]]], requires_grad=True)
    mask = torch.tensor([[True] * 5 + [False]])
    output = SimpleNamespace(mel=error, frame_mask=mask)
    (5 * loss(output, SimpleNamespace(mel=torch.zeros_like(error)))).backward()
    assert error.grad is not None
    slope = error.detach().clamp(-0.5, 0.5) * mask[..., None]
    assert torch.allclose(error.grad, slope)

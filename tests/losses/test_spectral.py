"""Mel losses: gradient of the Huber distance, frame-to-frame differences, padding."""

from types import SimpleNamespace

import torch
from fakes import composed
from hydra.utils import instantiate


def test_huber_is_quadratic_near_the_target_and_linear_far_from_it() -> None:
    overrides = ("model/loss/terms/mel=huber", "model.loss.terms.mel.distance.delta=0.5")
    loss = instantiate(composed("train", *overrides).model.loss.terms.mel, _convert_="all")
    error = torch.tensor([[[0.1], [-0.4], [0.5], [3.0], [-9.0], [7.0]]], requires_grad=True)
    mask = torch.tensor([[True] * 5 + [False]])
    output = SimpleNamespace(mel=error, frame_mask=mask)
    (5 * loss(output, SimpleNamespace(mel=torch.zeros_like(error)))).backward()
    assert error.grad is not None
    slope = error.detach().clamp(-0.5, 0.5) * mask[..., None]
    assert torch.allclose(error.grad, slope)


def test_mel_delta_ignores_a_constant_error_but_not_an_alternating_one() -> None:
    overrides = ("model/postnet=boundary", "model.loss.weights.mel_delta=0.5")
    loss = instantiate(composed("train", *overrides).model.loss.terms.mel_delta, _convert_="all")
    batch = SimpleNamespace(mel=torch.randn(1, 9, 4))
    mask = torch.arange(9)[None] < 8
    alternating = torch.tensor([0.5, -0.5]).repeat(5)[:9, None]

    def distance(error: torch.Tensor) -> float:
        padding = 100.0 * ~mask[..., None]
        return float(loss(SimpleNamespace(mel=batch.mel + error + padding, frame_mask=mask), batch))

    assert abs(distance(torch.tensor(3.0))) < 1e-6
    assert abs(distance(alternating) - 1.0) < 1e-6

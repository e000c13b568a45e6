"""Laws of guided attention."""

import torch

from tts.alignment.guided import guided_attention_loss, guided_weights


def test_the_diagonal_is_free_and_padding_does_not_count() -> None:
    token_lengths, frame_lengths = torch.tensor([5, 3]), torch.tensor([5, 4])
    weights = guided_weights(token_lengths, frame_lengths, tokens=5, frames=5)
    assert not weights[0].diagonal().any()
    assert not weights[1, 4:].any()
    assert not weights[1, :, 3:].any()
    assert ((weights >= 0) & (weights < 1)).all()
    assert weights[0, 0, 1] < weights[0, 0, 2] < weights[0, 0, 4]


def test_straight_attention_costs_less_than_scattered() -> None:
    lengths = torch.tensor([6, 4])
    straight = torch.eye(6).expand(2, 6, 6)
    scattered = torch.full((2, 6, 6), 1 / 6)
    assert guided_attention_loss(straight, lengths, lengths) == 0
    assert guided_attention_loss(scattered, lengths, lengths) > 0.1

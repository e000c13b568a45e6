"""Laws of guided attention."""

import torch

from tts.alignment.guided import guided_attention_loss, guided_weights


def test_weights_are_zero_on_the_diagonal_and_at_padding() -> None:
    token_lengths, frame_lengths = torch.tensor([5, 3]), torch.tensor([5, 4])
    weights = guided_weights(token_lengths, frame_lengths, tokens=5, frames=5)
    assert not weights[0].diagonal().any()
    assert not weights[1, 4:].any()
    assert not weights[1, :, 3:].any()
    assert ((weights >= 0) & (weights < 1)).all()
    assert weights[0, 0, 1] < weights[0, 0, 2] < weights[0, 0, 4]


def test_diagonal_attention_costs_less_than_uniform() -> None:
    lengths = torch.tensor([6, 4])
    diagonal = torch.eye(6).expand(2, 6, 6)
    uniform = torch.full((2, 6, 6), 1 / 6)
    assert guided_attention_loss(diagonal, lengths, lengths) == 0
    assert guided_attention_loss(uniform, lengths, lengths) > 0.1

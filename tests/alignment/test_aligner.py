"""Laws of the aligner; it converges on synthetic data."""

import pytest
import torch

from tts.alignment.aligner import FLAT_START, MASKED, Aligner, gaussian_scores
from tts.alignment.regulator import regulate_length
from tts.losses.alignment import binarization_loss, forward_sum_loss
from tts.metrics.alignment import boundary_errors


def test_scores_are_the_squared_distance_up_to_a_constant_per_frame() -> None:
    queries, keys = torch.randn(2, 7, 5), torch.randn(2, 4, 5)
    distance = -0.5 * (queries[:, :, None] - keys[:, None]).square().sum(-1)
    expected = distance.log_softmax(-1)
    torch.testing.assert_close(gaussian_scores(queries, keys).log_softmax(-1), expected)


def test_autocast_does_not_change_the_alignment() -> None:
    aligner = Aligner(token_dim=6, mel_bands=8, dim=16)
    batch = (
        torch.randn(2, 9, 6),
        torch.randn(2, 30, 8),
        torch.tensor([9, 4]),
        torch.tensor([30, 11]),
    )
    with torch.autocast("cpu", torch.bfloat16):
        alignment = aligner(*batch)
    assert torch.equal(alignment.log_attention, aligner(*batch).log_attention)


def test_soft_alignment_is_a_distribution_over_real_tokens_and_ignores_padding() -> None:
    torch.manual_seed(0)
    aligner = Aligner(token_dim=6, mel_bands=8, dim=16).eval()
    states, mel = torch.randn(2, 9, 6), torch.randn(2, 30, 8)
    token_lengths, frame_lengths = torch.tensor([9, 4]), torch.tensor([30, 11])
    together = aligner(states, mel, token_lengths, frame_lengths)
    assert together.log_attention.isfinite().all()
    torch.testing.assert_close(together.log_attention.exp().sum(-1), torch.ones(2, 30))
    assert (together.log_attention[1, :, 4:] < MASKED / 2).all()
    alone = aligner(states[1:, :4], mel[1:, :11], token_lengths[1:], frame_lengths[1:])
    torch.testing.assert_close(alone.log_attention[0], together.log_attention[1, :11, :4])
    assert torch.equal(alone.durations[0], together.durations[1, :4])


@pytest.mark.parametrize("seen", [0, FLAT_START - 1, FLAT_START])
def test_keys_alone_learn_in_the_flat_start_and_then_every_parameter(seen: int) -> None:
    aligner = Aligner(token_dim=6, mel_bands=8, dim=16).bfloat16().float()
    aligner.seen.fill_(seen)
    lengths = torch.tensor([5, 3]), torch.tensor([20, 12])
    alignment = aligner(torch.randn(2, 5, 6), torch.randn(2, 20, 8), *lengths)
    loss = forward_sum_loss(alignment.log_attention, *lengths)
    loss = loss + binarization_loss(alignment.log_attention, alignment.durations, lengths[1])
    loss.backward()
    flat = seen < FLAT_START
    for name, parameter in aligner.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()) == (name.startswith("key") or not flat), name
    assert aligner.seen == min(seen + 1, FLAT_START)
    aligner.eval()
    aligner(torch.randn(2, 5, 6), torch.randn(2, 20, 8), *lengths)
    assert aligner.seen == min(seen + 1, FLAT_START)


def test_a_frequent_token_takes_only_its_own_frames() -> None:
    """Every second token is the same one, as a stress mark before each of many vowels."""
    torch.manual_seed(0)
    sounds = 0.5 * torch.randn(40, 8)
    symbols = torch.randint(1, 40, (32, 24))
    symbols[:, ::2] = 0
    durations = torch.randint(2, 12, (32, 24))
    durations[:, ::2] = 1
    frame_lengths, token_lengths = durations.sum(1), torch.full((32,), 24)
    mel = regulate_length(sounds[symbols], durations)
    mel = mel + torch.randn(32, 1, 8) + 0.5 * torch.randn_like(mel)  # a speaker each
    embed = torch.nn.Embedding(40, 16)
    aligner = Aligner(token_dim=16, mel_bands=8, dim=24)
    optimizer = torch.optim.Adam([*embed.parameters(), *aligner.parameters()], lr=1e-3)
    for _ in range(FLAT_START + 50):
        alignment = aligner(embed(symbols), mel, token_lengths, frame_lengths)
        loss = forward_sum_loss(alignment.log_attention, token_lengths, frame_lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert alignment.durations[:, ::2].float().mean() < 2.5


def test_it_learns_the_boundaries_of_synthetic_speech() -> None:
    """A random spectrum per symbol, noise, random durations: a second of training suffices."""
    torch.manual_seed(0)
    sounds = torch.randn(12, 8)
    symbols = torch.randint(12, (16, 20))
    symbols[:, 1:][symbols[:, 1:] == symbols[:, :-1]] = 0  # mostly, neighbors differ
    durations = torch.randint(1, 9, (16, 20))
    frame_lengths, token_lengths = durations.sum(1), torch.full((16,), 20)
    mel = regulate_length(sounds[symbols], durations)
    mel = mel + 0.3 * torch.randn_like(mel)
    embed = torch.nn.Embedding(12, 16)
    aligner = Aligner(token_dim=16, mel_bands=8, dim=24)
    optimizer = torch.optim.Adam([*embed.parameters(), *aligner.parameters()], lr=3e-3)
    for _ in range(40):
        alignment = aligner(embed(symbols), mel, token_lengths, frame_lengths)
        loss = forward_sum_loss(alignment.log_attention, token_lengths, frame_lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    errors = boundary_errors(alignment.durations, durations, token_lengths, 1000.0)
    assert errors.quantile(0.8) <= 1, f"{errors.mean():.1f} frames off on average"

"""Durations: a rate is honored or its limit said, a length is capped, a clamp is not final."""

import pytest
import torch

from tts.models.durations import LOG_DURATION, speaking_durations
from tts.modules.clamp import returning_clamp

FPS = 86.0  # frames per second
MASK = torch.tensor([[True] * 40, [True] * 30 + [False] * 10])


def log_durations() -> torch.Tensor:
    noise = torch.randn(2, 40, generator=torch.Generator().manual_seed(0))
    return 1.8 + 0.8 * noise  # a median of six frames; some below one


@pytest.mark.parametrize("rate", [0.25, 0.7, 1.3, 2.0, 3.0, 4.0])
def test_a_rate_divides_the_length_though_every_token_keeps_a_frame(rate: float) -> None:
    plain = speaking_durations(log_durations(), MASK, 1.0, FPS).frames.sum(-1)
    fast = speaking_durations(log_durations(), MASK, rate, FPS)
    assert fast.frames[MASK].min() >= 1
    assert not fast.frames[~MASK].any()
    assert fast.notes == ()
    assert (plain / fast.frames.sum(-1)).tolist() == pytest.approx([rate, rate], rel=0.03)


def test_a_rate_beyond_a_frame_a_token_is_limited_and_said() -> None:
    short = log_durations() - 0.7
    plain = speaking_durations(short, MASK, 1.0, FPS).frames.sum(-1)
    spoken = speaking_durations(short, MASK, 10.0, FPS)
    assert torch.equal(spoken.frames, MASK.long())
    [note] = spoken.notes
    honored = min((plain / spoken.frames.sum(-1)).tolist())
    assert float(note.split()[4]) == pytest.approx(honored, abs=0.1)
    assert note.startswith("rate=10 was limited to")


def test_a_rate_of_one_token_leaves_the_others() -> None:
    rate = torch.ones(2, 40)
    rate[:, 3] = 10.0
    plain = speaking_durations(log_durations(), MASK, 1.0, FPS).frames
    one = speaking_durations(log_durations(), MASK, rate, FPS).frames
    others = torch.arange(40) != 3
    assert (plain - one)[:, others].abs().max() <= 1
    assert (one[:, 3] < plain[:, 3]).all()


def test_saturated_durations_are_cut_and_said() -> None:
    saturated = torch.full((1, 7), LOG_DURATION[1])
    mask = torch.ones(1, 7, dtype=torch.bool)
    spoken = speaking_durations(saturated, mask, 1.0, FPS)
    assert spoken.frames.sum() / FPS < 3
    assert spoken.notes == (
        "the predicted length of 89 s is too long for 7 symbols, and was cut to 2.8 s",
    )
    slow = speaking_durations(saturated, mask, 0.5, FPS).frames.sum()
    assert slow / spoken.frames.sum() == pytest.approx(2, rel=0.01)
    # a long pause in a sentence stays
    pause = torch.full((1, 7), 1.8)
    pause[0, 3] = 5.0
    assert speaking_durations(pause, mask, 1.0, FPS).notes == ()


def test_a_clamped_prediction_returns_and_does_not_drift_further_out() -> None:
    x = torch.tensor([-50.0, 0.3, 50.0], requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=1.0)
    y = returning_clamp(x, -2.0, 7.0)
    assert torch.equal(y, x.clamp(-2.0, 7.0))
    for _ in range(100):
        optimizer.zero_grad()
        (returning_clamp(x, -2.0, 7.0) - 1.0).abs().sum().backward()
        optimizer.step()
    assert (x - 1.0).abs().max() <= 1.0
    away = torch.tensor([9.0], requires_grad=True)
    (-returning_clamp(away, -2.0, 7.0)).sum().backward()
    assert away.grad is not None
    assert away.grad.item() == 0

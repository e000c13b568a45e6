"""Choice of codec tokens: delay pattern, truncation, penalty and the best combinations."""

import itertools

import pytest
import torch

from tts.models.beam import best_combinations
from tts.models.delay_pattern import delayed, undelayed
from tts.models.sampling import Sampling
from tts.models.token_choice import chosen, penalized, truncated

LOG_PROBS = torch.tensor([0.5, 0.2, 0.15, 0.1, 0.05]).log()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("codebooks", [1, 2, 5])
def test_undoing_the_delay_gives_the_codes_back(codebooks: int) -> None:
    codes = torch.randint(0, 7, (2, 4, 3, codebooks), generator=generator())
    steps = delayed(codes, empty=7)
    assert steps.shape[1] == 4 + codebooks - 1
    for k in range(codebooks):
        assert (steps[:, :k, :, k] == 7).all()  # not begun
        assert (steps[:, 4 + k :, :, k] == 7).all()  # ended
    assert (steps < 7).sum() == codes.numel()
    assert torch.equal(torch.stack(list(undelayed(steps.unbind(1))), 1), codes)


@pytest.mark.parametrize(
    ("top_k", "top_p", "left"),
    [
        (None, 1.0, 5), (1, 1.0, 1), (3, 1.0, 3), (9, 1.0, 5), (None, 0.5, 1), (None, 0.51, 2),
        (None, 0.85, 3), (3, 0.6, 2), (None, 1e-6, 1),
    ],
)  # fmt: skip
def test_truncation_leaves_the_likeliest_tokens(top_k: int | None, top_p: float, left: int) -> None:
    order = torch.tensor([2, 0, 4, 1, 3])
    found = truncated(LOG_PROBS[order][None], top_k, top_p)[0]
    assert torch.isfinite(found).tolist() == (order < left).tolist()


def test_tokens_are_drawn_with_their_probabilities() -> None:
    log_probs = LOG_PROBS.expand(20_000, -1)
    share = {}
    for temperature in (0.0, 0.5, 1.0):
        tokens = chosen(log_probs, Sampling(temperature, None), generator())
        share[temperature] = torch.bincount(tokens, minlength=5) / len(tokens)
    assert share[0.0].tolist() == [1, 0, 0, 0, 0]
    assert torch.allclose(share[1.0], LOG_PROBS.exp(), atol=0.02)
    assert torch.allclose(share[0.5], (2 * LOG_PROBS).softmax(-1), atol=0.02)


def test_the_penalty_lowers_the_tokens_of_the_last_steps_alone() -> None:
    log_probs = LOG_PROBS.expand(1, 1, 2, -1)
    empty = torch.tensor([[[5, 3]]])  # nothing in the first codebook
    found = penalized(log_probs, [empty, torch.tensor([[[0, 3]]])], 2.0)
    assert torch.allclose(found[0, 0, 0], LOG_PROBS * torch.tensor([2, 1, 1, 1, 1]))
    assert torch.allclose(found[0, 0, 1], LOG_PROBS * torch.tensor([1, 1, 1, 2, 1]))
    assert penalized(log_probs, [empty], 1.0) is log_probs


@pytest.mark.parametrize("due", [(True, True, True), (True, False, True)])
def test_the_best_combinations_are_those_of_all(due: tuple[bool, ...]) -> None:
    log_probs = torch.randn(2, 1, 3, 4, generator=generator()).log_softmax(-1)
    tokens, total = best_combinations(log_probs, torch.tensor([[due], [due]]), 6)
    for row in range(2):
        options = [range(4) if each else [4] for each in due]
        sums = [
            sum(float(log_probs[row, 0, k, t]) for k, t in enumerate(choice) if t < 4)
            for choice in itertools.product(*options)
        ]
        assert torch.allclose(total[row], torch.tensor(sorted(sums, reverse=True)[:6]), atol=1e-5)
        for choice, found in zip(tokens[row, :, 0].tolist(), total[row].tolist(), strict=True):
            one = sum(float(log_probs[row, 0, k, t]) for k, t in enumerate(choice) if t < 4)
            assert found == pytest.approx(one, abs=1e-5)

"""Laws of the prior: rows are beta-binomial distributions, and it is symmetric."""

import math

import pytest
import torch

from tts.alignment.prior import beta_binomial_prior

TOKENS, FRAMES = torch.tensor([30, 7, 1, 12]), torch.tensor([200, 7, 4, 150])


@pytest.mark.parametrize("width", [1.0, 0.3])
def test_every_row_sums_to_one(width: float) -> None:
    prior = beta_binomial_prior(TOKENS, FRAMES, 30, 200, width)
    assert prior.isfinite().all()
    for row, (tokens, frames) in enumerate(zip(TOKENS, FRAMES, strict=True)):
        total = prior[row, :frames, :tokens].exp().sum(-1)
        torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=1e-4)


def test_it_is_the_beta_binomial() -> None:
    def log_beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    prior = beta_binomial_prior(TOKENS, FRAMES, 30, 200, width=0.5)
    for row, t, k in [(0, 1, 0), (0, 150, 29), (1, 7, 2), (3, 40, 3)]:
        n = int(TOKENS[row]) - 1
        a, b = 0.5 * t, 0.5 * (int(FRAMES[row]) + 1 - t)
        expected = (
            math.log(math.comb(n, k)) + log_beta(k + a, n - k + b) - log_beta(a, b)
        )  # fmt: skip
        assert prior[row, t - 1, k].item() == pytest.approx(expected, abs=1e-3)


def test_the_end_mirrors_the_start() -> None:
    prior = beta_binomial_prior(TOKENS[:1], FRAMES[:1], 30, 200)
    torch.testing.assert_close(prior, prior.flip(1, 2), rtol=0, atol=1e-3)


def test_padding_does_not_change_the_prior() -> None:
    wide = beta_binomial_prior(TOKENS, FRAMES, 30, 200)
    for row, (tokens, frames) in enumerate(zip(TOKENS.tolist(), FRAMES.tolist(), strict=True)):
        one = slice(row, row + 1)
        alone = beta_binomial_prior(TOKENS[one], FRAMES[one], tokens, frames)
        torch.testing.assert_close(alone[0], wide[row, :frames, :tokens], rtol=0, atol=1e-4)


def test_tables_made_while_validating_serve_training() -> None:
    width = 0.77  # used by no other test, so that the table is computed here
    with torch.inference_mode():
        beta_binomial_prior(TOKENS, FRAMES, 30, 200, width)
    scores = torch.zeros(4, 200, 30, requires_grad=True)
    (scores * beta_binomial_prior(TOKENS, FRAMES, 30, 200, width)).sum().backward()

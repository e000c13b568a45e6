"""Bootstrap intervals: coverage, weights of utterances, paired differences."""

import math

import numpy as np
import pytest

from tts.metrics.bootstrap import estimate, mean_estimate, paired_difference
from tts.metrics.intelligibility import WordErrorRate


def test_the_interval_contains_the_true_mean_at_its_nominal_rate() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = mean_estimate(random.normal(3.0, 1.0, 40).tolist())
        covered += found.low <= 3.0 <= found.high
    assert (
        176 <= covered <= 199
    )  # 95 % of 200 within three standard errors; bootstrap intervals are a little narrow


def test_word_error_rate_weighs_utterances_by_their_words() -> None:
    rows = np.array([[1.0, 10.0], [0.0, 90.0]])
    assert estimate(rows, WordErrorRate().finalize).value == pytest.approx(1.0)
    rows = np.array([[1.0, 10.0], [math.nan, 5.0]])
    assert estimate(rows, WordErrorRate().finalize).value == pytest.approx(10.0)
    assert math.isnan(estimate(np.zeros((0, 2))).value)
    assert mean_estimate([2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_a_paired_difference_is_significant_when_sentences_vary_more_than_systems() -> None:
    random = np.random.default_rng(0)
    difficulty = random.normal(0, 1.0, (40, 1))
    one = difficulty + random.normal(0, 0.05, (40, 1))
    two = difficulty + 0.1 + random.normal(0, 0.05, (40, 1))
    found = paired_difference(two, one)
    assert found.significant
    assert found.value == pytest.approx(float((two - one).mean()))
    unpaired = (estimate(one), estimate(two))
    assert unpaired[0].high > unpaired[1].low, "unpaired, the intervals overlap"
    assert paired_difference(one, two).value == pytest.approx(-found.value)
    assert not paired_difference(one, one).significant
    missing = np.where(np.arange(40)[:, None] < 5, math.nan, one)
    assert paired_difference(two, missing).value == pytest.approx(float((two - one)[5:].mean()))

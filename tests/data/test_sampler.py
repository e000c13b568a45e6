"""Frame-budget batches: budget, coverage, determinism, equal ranks, resuming."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.data.sampler import FrameBudgetSampler
from tts.errors import UserError


class SmallPools(FrameBudgetSampler):
    pool = 128


def lengths(count: int = 500, seed: int = 0) -> list[int]:
    generator = random.Random(seed)
    return [int(generator.lognormvariate(6.2, 0.4)) % 900 + 60 for _ in range(count)]


LENGTHS = lengths()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=4, max_size=80), st.integers(1, 4))
def test_every_utterance_once_per_epoch_whatever_the_ranks(frames: list[int], ranks: int) -> None:
    samplers = [FrameBudgetSampler(frames, 600, rank=r, ranks=ranks) for r in range(ranks)]
    batches = [list(sampler) for sampler in samplers]
    assert len({len(b) for b in batches}) == 1
    indices = sorted(i for rank in batches for batch in rank for i in batch)
    assert indices == list(range(len(frames)))


def test_no_batch_exceeds_the_budget_and_little_is_padding() -> None:
    batches = list(FrameBudgetSampler(LENGTHS, 6000))
    padded = [len(b) * max(LENGTHS[i] for i in b) for b in batches]
    assert max(padded) <= 6000
    assert 1 - sum(LENGTHS) / sum(padded) < 0.08


def test_epochs_share_their_batches_in_another_order() -> None:
    sampler = FrameBudgetSampler(LENGTHS, 6000)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert first != second
    assert sorted(map(sorted, first)) == sorted(map(sorted, second))
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert list(FrameBudgetSampler(LENGTHS, 6000)) == first
    assert list(FrameBudgetSampler(LENGTHS, 6000, seed=2)) != first


def test_ranks_get_batches_of_similar_length() -> None:
    samplers = [FrameBudgetSampler(LENGTHS, 6000, rank=r, ranks=2) for r in range(2)]
    for a, b in zip(*samplers, strict=True):
        widths = [max(LENGTHS[i] for i in batch) for batch in (a, b)]
        assert max(widths) < 1.35 * min(widths)


@pytest.mark.parametrize("ranks", [1, 3])
def test_pools_hold_every_utterance_once_and_resume(ranks: int) -> None:
    samplers = [SmallPools(LENGTHS, 6000, rank=r, ranks=ranks) for r in range(ranks)]
    batches = [list(sampler) for sampler in samplers]
    indices = sorted(i for rank in batches for batch in rank for i in batch)
    assert indices == list(range(len(LENGTHS)))
    for batch in batches[0]:
        assert len(batch) * max(LENGTHS[i] for i in batch) <= 6000
    for consumed in (0, 5, len(samplers[0]) - 1):
        samplers[0].resume(consumed)
        assert list(samplers[0]) == batches[0][consumed:]


@pytest.mark.parametrize("consumed", [0, 1, 7, 100, 1000])
def test_resuming_continues_where_it_stopped(consumed: int) -> None:
    full = FrameBudgetSampler(LENGTHS, 6000)
    stream: list[list[int]] = []
    for epoch in range(consumed // len(full) + 2):
        full.set_epoch(epoch)
        stream += list(full)
    resumed = FrameBudgetSampler(LENGTHS, 6000)
    resumed.resume(consumed)
    rest = list(resumed)
    assert rest == stream[consumed : consumed + len(rest)]
    assert (consumed + len(rest)) % len(full) == 0


def test_validation_always_has_the_same_order() -> None:
    sampler = FrameBudgetSampler(LENGTHS, 6000, shuffle=False)
    first = list(sampler)
    sampler.set_epoch(5)
    assert list(sampler) == first


def test_a_long_utterance_and_too_few_utterances_are_rejected() -> None:
    with pytest.raises(UserError, match=r"utterance b .*frames_per_batch=100"):
        FrameBudgetSampler([50, 101], 100, name_of="ab".__getitem__)
    with pytest.raises(UserError, match="devices"):
        FrameBudgetSampler([50], 100, ranks=2)

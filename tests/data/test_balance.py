"""Balance of speakers: how often an epoch has their utterances, in batches and in clips."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.test_datamodule import module
from tts.data.balance import balance_report, repetitions
from tts.data.clips import ClipSampler, ClipSettings
from tts.data.dataset import SpeechDataset
from tts.data.sampler import FrameBudgetSampler


class SmallPools(FrameBudgetSampler):
    pool = 5


class Spoken(SimpleNamespace):
    """What the repetitions are computed from: 400, 100 and 25 utterances of three speakers."""

    speaker_numbers = np.repeat(np.arange(3), (400, 100, 25)).astype(np.int32)
    frame_lengths = np.tile([90, 100, 110, 100, 100], 105).astype(np.int32)

    def __len__(self) -> int:
        return len(self.speaker_numbers)


SPOKEN = cast(SpeechDataset, Spoken())


def frames_of(repeated: np.ndarray) -> np.ndarray:
    return np.bincount(SPOKEN.speaker_numbers, weights=SPOKEN.frame_lengths * repeated)


def test_without_balance_every_utterance_comes_once() -> None:
    assert repetitions(SPOKEN, 0.0) is None


@pytest.mark.parametrize("balance", [0.3, 0.5, 1.0])
def test_the_ratio_of_two_speakers_is_a_power_of_that_of_their_speech(balance: float) -> None:
    repeated = repetitions(SPOKEN, balance)
    assert repeated is not None
    assert repeated.min() >= 1  # nothing is left out
    assert (repeated[:400] == 1).all()
    most, middle, least = frames_of(repeated)
    assert most / middle == pytest.approx(4 ** (1 - balance), rel=0.1)
    assert most / least == pytest.approx(16 ** (1 - balance), rel=0.2)


def test_the_report_says_how_often_whom() -> None:
    repeated = repetitions(SPOKEN, 0.5)
    assert repeated is not None
    assert f"{repeated.sum():,} utterances in place of 525" in balance_report(SPOKEN, 0.5, repeated)
    assert "comes 4.0 times" in balance_report(SPOKEN, 0.5, repeated)
    alone = cast(SpeechDataset, Spoken(speaker_numbers=np.zeros(525, np.int32)))
    assert "no effect" in balance_report(alone, 0.5, repeated)


def test_the_seed_decides_what_is_rounded_up() -> None:
    first, again, other = (repetitions(SPOKEN, 0.3, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)  # type: ignore[arg-type]
    assert not np.array_equal(first, other)  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(1, 4)), min_size=4, max_size=60),
    st.integers(1, 4),
    st.sampled_from([FrameBudgetSampler, SmallPools]),
)
def test_an_epoch_has_each_utterance_as_often_as_asked(
    utterances: list[tuple[int, int]], ranks: int, make: type[FrameBudgetSampler]
) -> None:
    frames, repeated = (np.array(column) for column in zip(*utterances, strict=True))
    samplers = [make(frames, 600, rank=r, ranks=ranks, repetitions=repeated) for r in range(ranks)]
    batches = [list(sampler) for sampler in samplers]
    assert {len(b) for b in batches} == {len(samplers[0])}
    seen = Counter(index for rank in batches for batch in rank for index in batch)
    assert seen == {index: int(times) for index, times in enumerate(repeated)}


def test_clips_are_cut_anew_at_each_repetition() -> None:
    sampler = ClipSampler(
        [96, 80], ClipSettings(frames=32, per_batch=1), repetitions=np.array([1, 4])
    )
    cuts = [batch[0] for batch in sampler]
    assert Counter(row for row, _, _ in cuts) == {0: 3, 1: 8}
    assert len({start for row, start, _ in cuts if row == 1}) > 4


def test_a_data_module_balances_its_training_batches_only(tmp_path: Path) -> None:
    plain, balanced = module(tmp_path), module(tmp_path, balance=1.0)
    part = balanced.dataset("train")
    spoken = np.bincount(part.speaker_numbers, weights=part.frame_lengths)
    names = [part.facts.speakers[number] for number in part.speaker_numbers]
    assert names == [row.speaker for row in part.rows]
    counts = [
        Counter(int(index) for batch in data.train_dataloader() for index in batch.utterance)  # type: ignore[union-attr]
        for data in (plain, balanced)
    ]
    assert set(counts[0].values()) == {1}
    wanted = spoken.max() / spoken[part.speaker_numbers]
    assert all(abs(counts[1][n] - times) < 1 for n, times in enumerate(wanted))
    lengths = [sum(len(b.tokens) for b in data.val_dataloader()) for data in (plain, balanced)]  # type: ignore[union-attr]
    assert lengths[0] == lengths[1]

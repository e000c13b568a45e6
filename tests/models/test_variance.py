"""Variance adaptor: rounding of durations, normalization per speaker."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.batch import Batch
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.models.durations import round_keeping_sum
from tts.models.variance import SpeakerNormalizer

FACTS = CorpusFacts(
    contract=MelContract(),
    symbols=("_", " ", "a"),
    speakers=("low", "high"),
    languages=("en-us",),
    statistics=(
        SpeakerStatistics(math.log(100), 0.2, 0.0, 1.0, 60.0),
        SpeakerStatistics(math.log(200), 0.1, 1.0, 2.0, 60.0),
    ),
    speaker_languages=(0, 0),
    mel_mean=-5.0,
    mel_std=2.0,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1.0, 40.0), min_size=1, max_size=30))
def test_rounding_keeps_the_running_sum(values: list[float]) -> None:
    frames = torch.tensor([values])
    rounded = round_keeping_sum(frames, torch.ones_like(frames, dtype=torch.bool))
    drift = rounded.cumsum(-1) - frames.double().cumsum(-1)
    # a token raised to one frame delays later ends by what it was short of
    assert drift.abs().max() <= 1.0
    assert rounded.min() >= 1


def test_rounding_leaves_padding_zero() -> None:
    mask = torch.tensor([[True, True, False]])
    assert round_keeping_sum(torch.tensor([[2.4, 0.1, 9.0]]), mask).tolist() == [[2, 1, 0]]


def test_equal_deviations_are_equal_z_scores_for_each_speaker() -> None:
    batch = Batch(
        tokens=torch.ones(2, 2, dtype=torch.long),
        token_lengths=torch.tensor([2, 2]),
        frame_lengths=torch.tensor([4, 4]),
        pitch=torch.tensor(
            [[100 * math.exp(0.2), 0.0, 0.0, 0.0], [200 * math.exp(0.1), 0.0, 0.0, 0.0]]
        ),
        energy=torch.tensor([[1.0, 1.0, 0.0, 0.0], [3.0, 3.0, 1.0, 1.0]]),
        speaker=torch.tensor([0, 1]),
    )
    durations = torch.full((2, 2), 2)
    pitch, energy = SpeakerNormalizer(FACTS)(batch, durations)
    # unvoiced frames do not count for a token's pitch; an unvoiced token is at the mean
    assert torch.allclose(pitch, torch.tensor([[1.0, 0.0], [1.0, 0.0]]), atol=1e-5)
    assert torch.allclose(energy, torch.tensor([[1.0, 0.0], [1.0, 0.0]]), atol=1e-6)


@pytest.mark.parametrize("speaker", [0, 1])
def test_twelve_semitones_double_the_pitch_of_any_speaker(speaker: int) -> None:
    normalize = SpeakerNormalizer(FACTS)
    shift = normalize.deviations_of(torch.tensor([speaker])).semitones(12.0)
    assert shift.item() * FACTS.statistics[speaker].pitch_std == pytest.approx(math.log(2), 1e-5)


def test_twenty_decibels_are_a_factor_of_ten() -> None:
    shift = SpeakerNormalizer(FACTS).deviations_of(torch.tensor([1])).decibels(20.0)
    assert shift.item() * 2.0 == pytest.approx(math.log(10), 1e-5)

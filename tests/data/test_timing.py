"""Durations from times: exact sums, kept order, words within their time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.data.timing import ends_from_words, frames_from_ends


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=30), st.integers(1, 200))
def test_durations_sum_to_the_clip(gaps: list[float], frames: int) -> None:
    durations = frames_from_ends(list(np.cumsum(gaps)), frames, 0.0116)
    assert durations.sum() == frames
    assert durations.min() >= (1 if frames >= len(gaps) else 0)


def test_boundaries_land_on_the_nearest_frame() -> None:
    assert frames_from_ends([0.105, 0.31, 0.5], 5, 0.1).tolist() == [1, 2, 2]


PHONES = {"one": "wan", "two": "tu", "12": "twelv", "1000": "wan 0ausnd"}


def phonemize(word: str) -> str:
    return f" {PHONES[word]} "


def test_symbols_lie_within_their_word() -> None:
    words = [("one", 0.2, 0.5), ("two", 0.7, 0.9)]
    ends = ends_from_words(" wan tu ", words, 1.0, phonemize)
    assert ends == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 1.0])


def test_a_number_is_several_spoken_words() -> None:
    words = [("1000", 0.0, 1.0), ("two", 1.0, 2.0)]
    ends = ends_from_words(" wan 0ausnd tu ", words, 2.0, phonemize)
    assert ends[-2] == pytest.approx(2.0)
    assert ends[10] == pytest.approx(1.0)


def test_times_rise_to_the_end_where_word_counts_differ() -> None:
    words = [("one", 0.0, 1.0), ("two", 1.5, 2.0), ("12", 2.0, 3.0)]
    ends = ends_from_words(" wan twelv ", words, 3.2, phonemize)
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(3.2)

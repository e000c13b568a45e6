"""Intelligibility: edit distance, error counts, ARPAbet, recognizer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.metrics.intelligibility import (
    Recognizer,
    count_errors,
    edit_distance,
    ipa_to_arpabet,
    pronunciations,
)

SHORT = st.text(st.sampled_from("abc"), max_size=8)


@given(SHORT, SHORT, SHORT)
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_errors_are_substitutions_insertions_and_deletions() -> None:
    assert count_errors("The cat sat.", "the cat sat").word_errors == 0
    assert count_errors("the cat sat", "the bat sat on").word_errors == 2
    errors = count_errors("the cat sat", "")
    assert errors.word_errors == errors.reference_words == 3


def test_ipa_maps_to_arpabet() -> None:
    assert ipa_to_arpabet("ˈtʃiːz") == ["CH", "IY", "Z"]
    assert ipa_to_arpabet("ˈaɪɹən") == ["AY", "R", "AH", "N"]


def test_the_recognizer_understands_espeak_and_not_noise() -> None:
    pytest.importorskip("pocketsphinx", reason="the metrics extra is not installed")
    from tts.text import espeak

    texts = [
        "the harbour was full of painted ships",
        "rain began in the night",
        "who knows Zwoblix",
    ]
    assert any(line.startswith("zwoblix ") for line in pronunciations({"zwoblix"}))
    recognizer = Recognizer(texts)
    with espeak.private() as library:
        speech = library.synthesize(texts[0], "en-us", "m2", 150)
    transcript = recognizer(speech.samples, speech.sample_rate)
    assert count_errors(texts[0], transcript).word_errors <= 2
    noise = np.random.default_rng(1).normal(0, 0.1, speech.sample_rate).astype(np.float32)
    assert count_errors(texts[0], recognizer(noise, speech.sample_rate)).word_errors >= 5
    # the previous utterance changes nothing
    state = recognizer.decoder.get_cmn(False)
    assert recognizer(speech.samples, speech.sample_rate) == transcript
    recognizer.decoder.set_cmn(recognizer.initial_cmn)
    recognizer(speech.samples, speech.sample_rate)
    recognizer(noise, speech.sample_rate)
    assert recognizer.decoder.get_cmn(False) == state

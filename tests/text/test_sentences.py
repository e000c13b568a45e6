"""Sentence splitting: nothing is lost or reordered, and no sentence is too long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.text.sentences import Sentence, TextError, split_sentences


def texts(text: str, language: str = "en-us") -> list[str]:
    return [sentence.text for sentence in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("Dr. Smith paid 3.50. He left.", ["Dr. Smith paid 3.50.", "He left."]),
        ("J. S. Bach wrote it. Who?", ["J. S. Bach wrote it.", "Who?"]),
        ("It is No. 5. Yes.", ["It is No. 5.", "Yes."]),
        ("The U.S. Army came.", ["The U.S. Army came."]),
        ("Wait ... what? I said so.", ["Wait ... what?", "I said so."]),
        ('"Stop!" he said. She did.', ['"Stop!" he said.', "She did."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("Go on\nreading this", ["Go on reading this"]),
        ("And so.\n\n***\n\nAgain.", ["And so. ***", "Again."]),
    ],
)
def test_sentences_end_at_the_right_marks(text: str, sentences: list[str]) -> None:
    assert texts(text) == sentences


def test_a_german_ordinal_does_not_end_a_sentence() -> None:
    assert texts("Am 3. Mai kam er.", "de") == ["Am 3. Mai kam er."]


def test_pauses_are_longer_between_paragraphs_and_zero_at_the_end() -> None:
    one, two, three = split_sentences("One. Two.\n\nThree.", "en-us")
    assert 0 < one.pause < two.pause
    assert three == Sentence("Three.", 0.0)


@given(st.text(st.sampled_from("ab .,;!?\n()\"'—0Z"), max_size=200), st.integers(10, 60))
def test_all_text_is_kept_in_order_and_no_sentence_is_too_long(
    text: str, max_characters: int
) -> None:
    if not text.strip():
        with pytest.raises(TextError):
            split_sentences(text, "en-us", max_characters)
        return
    sentences = split_sentences(text, "en-us", max_characters)
    assert "".join("".join(s.text for s in sentences).split()) == "".join(text.split())
    assert all(0 < len(sentence.text) <= max_characters for sentence in sentences)
    assert sentences[-1].pause == 0


def test_a_megabyte_is_split_in_linear_time() -> None:
    start = time.process_time()
    count = len(split_sentences("It was late, and the rain had not stopped. " * 24_000, "en-us"))
    assert count == 24_000
    # a quadratic splitter would take hours
    assert time.process_time() - start < 120
    assert len(split_sentences("a" * 1_000_000, "en-us", 300)) == -(-1_000_000 // 300)

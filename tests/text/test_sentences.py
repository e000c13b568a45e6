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
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("There are four fruits:\nApple\nBanana", ["There are four fruits:", "Apple", "Banana"]),
        ("CHAPTER ONE\nThe rain", ["CHAPTER ONE", "The rain"]),
        ("- Apple\n- Banana\n", ["- Apple", "- Banana"]),
        ("milk\neggs\nbread", ["milk", "eggs", "bread"]),
        ("James T. Kirk met Dr. No. He won.", ["James T. Kirk met Dr. No.", "He won."]),
        ("She was born in St. Louis. Yes.", ["She was born in St. Louis.", "Yes."]),
        ("They live in the U.S. They like it.", ["They live in the U.S.", "They like it."]),
        ("Acme Inc. The firm", ["Acme Inc.", "The firm"]),
        ("At 5 p.m. Bob left. At 6 p.m. Monday.", ["At 5 p.m.", "Bob left.", "At 6 p.m. Monday."]),
        ("I told him no. 12 of us stayed.", ["I told him no.", "12 of us stayed."]),
        ("It took 5 min. Bob left.", ["It took 5 min.", "Bob left."]),
        ("(He said etc.) Then he left.", ["(He said etc.)", "Then he left."]),
        ("It works. iPhone sales rose.", ["It works.", "iPhone sales rose."]),
        ("Wait . . . What?", ["Wait . . .", "What?"]),
    ],
)
def test_sentences_end_at_the_right_marks(text: str, sentences: list[str]) -> None:
    assert texts(text) == sentences


def test_the_lines_of_a_wrapped_paragraph_are_one_text() -> None:
    wrapped = (
        "He was the first man in the long history of the city of\n"
        "London who had climbed the tower by night and who lived\n"
        "Long enough to tell of it."
    )
    assert texts(wrapped) == [wrapped.replace("\n", " ")]


def test_a_long_sentence_is_not_cut_between_a_number_and_its_unit() -> None:
    cut = texts_of_at_most("The whole of the road was about 25 kilometers long", 33)
    assert cut[0] == "The whole of the road was about"


def texts_of_at_most(text: str, max_characters: int) -> list[str]:
    return [sentence.text for sentence in split_sentences(text, "en-us", max_characters)]


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

"""Sentences and normalization share one table: what is one by one is the same as the whole."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.text.clean import clean
from tts.text.normalize import abbreviations, normalize
from tts.text.normalize.abbreviations import Kind
from tts.text.sentences import split_sentences

LANGUAGES = ("en-us", "en-gb", "de", "fr-fr", "nl", "es", "it", "pl", "ru", "fi")
WORDS = """
The He Danach Er Il El Bob Anna Smith Äpfel Müller is geht und and 5 12 3.5 1,000 1990 3rd
T. J. U.S. A.B. A B IV XIV. 3. 12. 24.12. 24. 1/2 10:30 7 -5 $5 5% #1 o'clock 'tis it's
iPhone no No. yes said “Well ”so” ‘Well’ ’so.’ «Ja.»
dogs' »Nein.« (yes) [no] — – - ... … ! ? . , ; : ?! " ' & @ * 😀 。 ； 12:30pm
"""


def fragments(language: str) -> list[str]:
    return [*WORDS.split(), *sorted(abbreviations(language).names)]


def one_by_one(text: str, language: str) -> str:
    parts = split_sentences(text, language, 10**6)
    return " ".join(filter(None, (normalize(clean(p.text).text, language) for p in parts)))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(LANGUAGES), st.randoms(use_true_random=False), st.integers(1, 25))
def test_sentences_normalized_one_by_one_are_the_normalization_of_the_text(
    language: str, source: random.Random, count: int
) -> None:
    words = [source.choice(fragments(language)) for _ in range(count)]
    spaces = source.choices([" ", "\n", "  ", ""], [30, 1, 1, 1], k=count)
    text = "".join(word + space for word, space in zip(words, spaces, strict=True))
    if text.strip():
        assert one_by_one(text, language) == normalize(clean(text).text, language)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("aBI .,!?…“”\"'()-–\n15$%DrStU:*_"), min_size=1, max_size=40))
def test_any_text_is_normalized_as_its_sentences(text: str) -> None:
    if text.strip():
        assert one_by_one(text, "en-us") == normalize(clean(text).text, "en-us")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_abbreviation_ends_no_sentence_before_a_name_or_number(language: str) -> None:
    table = abbreviations(language)
    never = (Kind.INSIDE, Kind.BEFORE_NAME, Kind.BEFORE_NUMBER)
    for name in table.names:
        for following in ("Kolm", "7"):
            text = f"xy {name} {following} zz."
            found = [table.fit(match, text) for match in table.matches(text)]
            if any(abbreviation and abbreviation.kind in never for abbreviation in found):
                assert len(split_sentences(text, language)) == 1, text

"""The front end never crashes, never falls silent without saying so, and loses nothing unnamed."""

import pickle
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.text.frontend import Frontend, TextError
from tts.text.symbols import BOUNDARY, PADDING, PUNCTUATION, SYMBOLS

FRONTEND = Frontend()
LANGUAGES = ("en-us", "de", "nl", "fr-fr", "ru", "ar", "cmn", "hi")


def test_symbols_are_a_fixed_table_of_single_characters() -> None:
    assert SYMBOLS[0] == PADDING
    assert len(set(SYMBOLS)) == len(SYMBOLS)
    assert all(len(symbol) == 1 for symbol in SYMBOLS)
    # ids live in checkpoints: a symbol may be added at the end, never moved
    assert [SYMBOLS.index(symbol) for symbol in (BOUNDARY, ",", "!", "ə", "ˈ", "ː")] == [
        1, 3, 4, 30, 133, 135
    ]  # fmt: skip


def test_tokens_are_the_phonemes_and_punctuation_stays() -> None:
    spoken = FRONTEND("Hello, world!")
    assert spoken.phonemes == " həlˈoʊ, wˈɜːld! "
    assert [SYMBOLS[token] for token in spoken.tokens] == list(spoken.phonemes)
    assert spoken.unknown == ()


@settings(max_examples=150)
@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_is_spoken_or_refused_in_words(text: str, language: str) -> None:
    try:
        spoken = FRONTEND(text, language)
    except TextError:
        return  # the reasons have their own test
    assert spoken.phonemes[0] == spoken.phonemes[-1] == BOUNDARY
    assert any(s not in PADDING + BOUNDARY + PUNCTUATION for s in spoken.phonemes)
    assert [SYMBOLS[token] for token in spoken.tokens] == list(spoken.phonemes)
    assert 0 not in spoken.tokens
    assert FRONTEND(text, language) == spoken


@settings(max_examples=100)
@given(st.text(min_size=1, max_size=30))
def test_a_letter_or_digit_that_is_not_spoken_is_named(text: str) -> None:
    try:
        spoken = FRONTEND("well " + text)
    except TextError:
        return
    if spoken.phonemes == FRONTEND("well").phonemes:  # nothing of it was heard
        named = unicodedata.normalize("NFKC", "".join(spoken.unknown))
        plain = unicodedata.normalize("NFKC", text)
        silent = [c for c in plain if c.isalnum() and c not in named]
        assert not silent, spoken


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("", "en-us", "empty"),
        (" \n\t", "en-us", "empty"),
        ("...!?", "en-us", "no letter and no digit"),
        ("\x00\x07", "en-us", "no letter and no digit"),
        ("😀👍", "en-us", "no letter and no digit"),
        ("你好", "en-us", "Chinese"),
        ("привет", "de", "Cyrillic"),
        ("hello", "klingonese", "klingonese"),
        ("hello", "", "language="),
        ("word " * 2000, "en-us", "max_characters"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_the_reason(
    text: str, language: str, reason: str
) -> None:
    with pytest.raises(TextError, match=reason):
        FRONTEND(text, language)


def test_what_is_left_out_is_named() -> None:
    spoken = FRONTEND("hello 你好 😀 \x07")
    assert spoken.phonemes == FRONTEND("hello").phonemes
    assert set(spoken.unknown) == {"你", "好", "😀", "\x07"}


def test_a_corpus_may_spell_out_by_itself() -> None:
    assert FRONTEND("Dr. 5", normalized="doctor five").phonemes == FRONTEND("doctor five").phonemes


def test_plain_data_and_pickles_rebuild_it() -> None:
    for again in (Frontend.from_dict(FRONTEND.to_dict()), pickle.loads(pickle.dumps(FRONTEND))):
        assert again("Good morning.") == FRONTEND("Good morning.")


def test_a_checkpoint_cannot_name_any_class_as_phonemizer() -> None:
    with pytest.raises(TextError, match=r"os\.system"):
        Frontend.from_dict(FRONTEND.to_dict() | {"phonemizer": "os.system"})


def test_another_phonemizer_takes_its_place() -> None:
    class Spelling:
        def __call__(self, text: str, language: str) -> str:
            return text.lower()

    assert Frontend(Spelling())("Abba").phonemes == " abba "


def test_a_symbol_outside_an_older_table_is_named() -> None:
    older = Frontend(symbols=[symbol for symbol in SYMBOLS if symbol != "ʊ"])
    spoken = older("hello")
    assert "ʊ" in spoken.unknown
    assert "ʊ" not in spoken.phonemes

"""The front end never crashes, and names everything that it leaves out."""

import pickle
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.errors import UserError
from tts.text import espeak
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
    output = FRONTEND("Hello, world!")
    assert output.phonemes == " həlˈoʊ, wˈɜːld! "
    assert [SYMBOLS[token] for token in output.tokens] == list(output.phonemes)
    assert output.unknown == ()


@settings(max_examples=150)
@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_gives_tokens_or_a_text_error(text: str, language: str) -> None:
    try:
        output = FRONTEND(text, language)
    except TextError:
        return  # its messages have their own test
    assert output.phonemes[0] == output.phonemes[-1] == BOUNDARY
    assert any(s not in PADDING + BOUNDARY + PUNCTUATION for s in output.phonemes)
    assert [SYMBOLS[token] for token in output.tokens] == list(output.phonemes)
    assert 0 not in output.tokens
    assert FRONTEND(text, language) == output


@settings(max_examples=100)
@given(st.text(min_size=1, max_size=30))
def test_letters_and_digits_without_phones_are_named(text: str) -> None:
    try:
        output = FRONTEND("well " + text)
    except TextError:
        return
    if output.phonemes == FRONTEND("well").phonemes:  # it added no phones
        named = unicodedata.normalize("NFKC", "".join(output.unknown))
        plain = unicodedata.normalize("NFKC", text)
        silent = [c for c in plain if c.isalnum() and c not in named]
        assert not silent, output


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
def test_text_errors_say_the_reason(text: str, language: str, reason: str) -> None:
    with pytest.raises(TextError, match=reason):
        FRONTEND(text, language)


def test_left_out_characters_are_named() -> None:
    output = FRONTEND("hello 你好 😀 \x07")
    assert output.phonemes == FRONTEND("hello").phonemes
    assert set(output.unknown) == {"你", "好", "😀", "\x07"}


def test_a_given_normalization_replaces_the_rules() -> None:
    assert FRONTEND("Dr. 5", normalized="doctor five").phonemes == FRONTEND("doctor five").phonemes


def test_it_is_rebuilt_from_plain_data_and_pickles() -> None:
    for again in (Frontend.from_dict(FRONTEND.to_dict()), pickle.loads(pickle.dumps(FRONTEND))):
        assert again("Good morning.") == FRONTEND("Good morning.")


def test_a_checkpoint_cannot_import_an_arbitrary_phonemizer() -> None:
    with pytest.raises(TextError, match=r"os\.system"):
        Frontend.from_dict(FRONTEND.to_dict() | {"phonemizer": "os.system"})


def test_a_custom_phonemizer_is_used() -> None:
    class Letters:
        def __call__(self, text: str, language: str) -> str:
            return text.lower()

    assert Frontend(Letters())("Abba").phonemes == " abba "


def test_symbols_that_are_left_out_are_named_as_the_text_writes_them() -> None:
    letters = Frontend(lambda words, language: words.lower(), symbols=["_", " ", *"abc"])
    for text, left_out in (("a [b] {c}", "[]{}"), ("(a) “b”", "()“”"), ("a: b", ":")):
        assert sorted(letters(text).unknown) == sorted(left_out)
        assert letters("a (b)", normalized=text).unknown  # a given normalization is another text


def test_symbols_missing_in_an_older_table_are_named() -> None:
    older = Frontend(symbols=[symbol for symbol in SYMBOLS if symbol != "ʊ"])
    output = older("hello")
    assert "ʊ" in output.unknown
    assert "ʊ" not in output.phonemes


@pytest.mark.parametrize("phones", [None, ["a"], b"a"])
def test_a_phonemizer_that_returns_no_string_is_named(phones: object) -> None:
    with pytest.raises(UserError, match=r"frontend\.phonemizer: function returned .* a string"):
        Frontend(lambda words, language: phones)("Hello.")  # type: ignore[arg-type, return-value]


def test_threads_that_begin_at_once_load_one_library(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Slow:
        def __init__(self, *paths: object) -> None:
            time.sleep(0.02)
            made.append(self)

    monkeypatch.setattr(espeak, "_shared", None)
    monkeypatch.setattr(espeak, "Espeak", Slow)
    with ThreadPoolExecutor(8) as pool:
        found = {id(each) for each in pool.map(lambda _: espeak.shared(), range(8))}
    assert found == {id(each) for each in made}
    assert len(made) == 1

"""Subwords: laws of the table that is learned and of the words that are spelled in it."""

import logging
import pickle
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.errors import UserError
from tts.plain_data import PlainDataError
from tts.text.analysis import analyze
from tts.text.characters import BASE, Characters
from tts.text.errors import TextError
from tts.text.frontend import Frontend
from tts.text.subwords import Subwords, learn_pieces
from tts.text.symbol_table import SymbolTable, join_pieces
from tts.text.symbols import PUNCTUATION, SILENT
from tts.text.word_spans import words_of
from tts.timings import sentence_timing

LETTERS = "abcdé'-ктоर्षद中文"
TEXTS = st.lists(st.text(LETTERS + " ,.!?", max_size=40), min_size=1, max_size=12)


def learned(texts: Sequence[str], vocab_size: int = 500) -> Frontend:
    return Frontend(Subwords(vocab_size)).learned([(text, "fo") for text in texts])


def spell(table: SymbolTable, text: str) -> list[str]:
    return list(table.shown(table.coded(text)))


@given(TEXTS, st.integers(20, 60), st.text(LETTERS + " ,.!?", max_size=60))
def test_pieces_joined_are_the_text_as_characters_have_it(
    corpus: list[str], vocab_size: int, text: str
) -> None:
    corpus = [*corpus, LETTERS]  # all characters
    subwords = learned(corpus, vocab_size)
    letters = Frontend(Characters()).learned([(each, "fo") for each in corpus])
    try:
        output, expected = subwords(text, "fo"), letters(text, "fo")
    except TextError:
        return
    assert "".join(subwords.table.shown(output.phonemes)) == expected.phonemes
    assert output.unknown == expected.unknown
    assert [subwords.symbols[token] for token in output.tokens] == list(
        subwords.table.shown(output.phonemes)
    )


@given(TEXTS, st.integers(1, 80))
def test_the_table_has_all_characters_and_no_more_than_its_size(
    corpus: list[str], vocab_size: int
) -> None:
    characters = {c for text in corpus for c in text} - SILENT
    if len(characters) > vocab_size:
        with pytest.raises(UserError, match=f"vocab_size={vocab_size}: .* {len(characters)} "):
            Subwords(vocab_size).learned_symbols(corpus)
        return
    symbols = Subwords(vocab_size).learned_symbols(corpus)
    assert symbols[: len(BASE)] == BASE
    assert characters <= set(symbols)
    assert len(symbols) - len(BASE) <= vocab_size
    assert len(set(symbols)) == len(symbols)
    pieces = symbols[len(BASE) + len(characters) :]
    assert all(len(piece) > 1 and not SILENT & set(piece) for piece in pieces)
    assert all(any(piece in text for text in corpus) for piece in pieces)


@given(TEXTS, st.text(LETTERS + " ", max_size=60), st.integers(16, 50), st.integers(0, 50))
def test_a_larger_table_never_gives_more_symbols(
    corpus: list[str], text: str, vocab_size: int, more: int
) -> None:
    small = SymbolTable(Subwords(vocab_size).learned_symbols(corpus))
    large = SymbolTable(Subwords(vocab_size + more).learned_symbols(corpus))
    assert large.symbols[: len(small.symbols)] == small.symbols
    assert len(large.coded(text)) <= len(small.coded(text))


@given(TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_the_texts_does_not_change_the_table(
    corpus: list[str], source: random.Random
) -> None:
    shuffled = list(corpus)
    source.shuffle(shuffled)
    assert Subwords(60).learned_symbols(corpus) == Subwords(60).learned_symbols(iter(shuffled))


@given(st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 9), max_size=8))
def test_counting_only_what_changes_finds_the_most_frequent_pair(words: dict[str, int]) -> None:
    """Each piece is the most frequent pair of the words as the pieces before it spell them."""
    pieces = learn_pieces(words, 12)
    for number, piece in enumerate(pieces):
        ranks = {each: n for n, each in enumerate(pieces[:number])}
        totals: dict[str, int] = {}
        for word, count in words.items():
            spelled = join_pieces(list(word), ranks)
            for left, right in pairwise(spelled):
                totals[left + right] = totals.get(left + right, 0) + count
        assert min(totals, key=lambda pair: (-totals[pair], pair)) == piece


@given(TEXTS, st.text(LETTERS + " ", max_size=40))
def test_spelling_again_changes_nothing(corpus: list[str], text: str) -> None:
    table = SymbolTable(Subwords(60).learned_symbols(corpus))
    codes = table.coded(text)
    assert table.coded(codes) == codes
    assert all(len(code) == 1 for code in codes)
    known = "".join(code for code in codes if code in table)
    assert table.codes(table.ids(codes)) == known
    assert table.coded("".join(table.shown(codes))) == codes


def test_an_unseen_character_is_left_out_and_named() -> None:
    texts = ["the thing in the bath", "both of them bathe"]
    letters = Frontend(Characters()).learned([(text, "fo") for text in texts])
    subwords = learned(texts)
    expected, output = letters("thze bazth!", "fo"), subwords("thze bazth!", "fo")
    assert output.unknown == expected.unknown == ("z",)
    assert "".join(subwords.table.shown(output.phonemes)) == expected.phonemes
    for frontend in (letters, subwords):
        with pytest.raises(TextError):
            frontend("zzz", "fo")


def test_it_is_rebuilt_from_plain_data_and_pickles() -> None:
    frontend = learned(["the thing in the bath", "both of them bathe"])
    assert any(len(symbol) > 1 for symbol in frontend.symbols)
    for again in (Frontend.from_dict(frontend.to_dict()), pickle.loads(pickle.dumps(frontend))):
        assert again("The bath, them!", "fo") == frontend("The bath, them!", "fo")


@given(st.lists(st.text("bathe", min_size=1, max_size=7), min_size=1, max_size=6))
def test_timings_find_each_word(words: list[str]) -> None:
    frontend = learned(["the thing in the bath", "both of them bathe", "that hat he ate"])
    output = frontend(", ".join(words), "fo")
    timing = sentence_timing(
        output.text, output.normalized, output.phonemes, [1.0] * len(output.phonemes), 0.0,
        lambda word: frontend.phones(word, "fo")[0], None,
        frontend.table.shown(output.phonemes),
    )  # fmt: skip
    assert [word.text for word in timing.words] == words_of(output.normalized) == words
    for word in timing.words:
        assert "".join(phone.text for phone in word.phones) == word.text
        assert word.end - word.start == len(word.phones)


@pytest.mark.parametrize("symbols", [["_", " ", "a", ""], ["_", " ", *["ab"] * 70_000]])
def test_a_table_in_a_file_is_checked(symbols: list[str]) -> None:
    values = learned(["a"]).to_dict() | {"symbols": symbols}
    with pytest.raises(PlainDataError, match=r"frontend\.symbols: expected at most"):
        Frontend.from_dict(values)


def test_markup_keeps_one_value_for_each_symbol() -> None:
    frontend = learned(["the thing in the bath", "both of them bathe"])
    for text in ("The [rate 0.8]bath[/rate] them.", "the [emphasis strong]bath[/emphasis]",
                 "the [[ bath ]] [rate 0.5]in[/rate]", "ba[pitch +2]the[/pitch]"):  # fmt: skip
        (sentence,) = analyze(frontend, text, "fo")
        assert len(sentence.prosody) == len(sentence.phonemes) == len(sentence.tokens)
        assert sentence.unknown == ()


@pytest.mark.parametrize("phonemizer", [Characters(), Subwords()])
def test_letters_in_brackets_are_the_letters(phonemizer: Characters) -> None:
    frontend = Frontend(phonemizer).learned([("gong á la bag", "fo"), ("gab gab", "fo")])
    (sentence,) = analyze(frontend, "[[ gab|á ]] bag", "fo")
    assert frontend.table.written(sentence.phonemes).replace("·", "") == " gab á bag. "
    with pytest.raises(TextError, match="z in 'zag' is no phoneme"):
        analyze(frontend, "[[ zag ]]", "fo")


def test_symbols_that_a_lexicon_gives_and_the_table_lacks_are_named() -> None:
    frontend = learned(["the cab in the cab"])
    entries = {**frontend.to_dict(), "lexicon": {"cab": "/kæb/"}}
    (sentence,) = analyze(Frontend.from_dict(entries), "the cab in", "fo")
    assert sentence.unknown == ("k", "æ")
    assert len(sentence.phonemes) == len(sentence.tokens)


def test_a_corpus_with_too_few_pieces_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert Subwords(500).learned_symbols(["word"]) == (*BASE, *"dorw")
    [record] = caplog.records
    assert "vocab_size=500" in record.getMessage()
    assert "4 characters and 0 pieces" in record.getMessage()


def test_people_read_pieces_with_a_dot_between_them() -> None:
    table = SymbolTable((*BASE, "a", "b", "c", "ab"))
    codes = table.coded(" ab abc, c! ")
    assert table.written(codes) == " ab ab·c, c! "
    assert table.read(" ab ab·c, c! ") == codes
    assert SymbolTable((*BASE, "a", "b")).written(" ab ") == " ab "
    assert not set(PUNCTUATION) & {"·"}

"""Markup in brackets: what it changes, what stays text, and its errors."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.text.analysis import AnalyzedSentence, analyze
from tts.text.bracket_markup import parse_brackets
from tts.text.errors import TextError
from tts.text.frontend import Frontend
from tts.text.pronunciation import read_phonemes
from tts.text.spans import EMPHASIS, PLAIN, Span, cut

FRONTEND = Frontend()


def read(text: str, language: str = "en-us") -> list[AnalyzedSentence]:
    return analyze(FRONTEND, text, language)


def with_rate(sentence: AnalyzedSentence, rate: float) -> str:
    """The symbols that have this rate."""
    pairs = zip(sentence.phonemes, sentence.prosody, strict=True)
    return "".join(symbol for symbol, prosody in pairs if prosody.rate == rate)


@pytest.mark.parametrize(
    "text",
    [
        "He said [sic] that [1] and [emphasis added].",
        "[rate] [pause] [pause for applause] [rate high] [[Article]] [/i]",
        "a[0] = b[i]; [pause 1.5",
    ],
)
def test_ordinary_brackets_are_read_as_text(text: str) -> None:
    assert [passage.spans for passage in parse_brackets(text)] == [(Span(text),)]
    [sentence] = read(text)
    output = FRONTEND(text)
    assert sentence.normalized == output.normalized
    assert sentence.phonemes.startswith(output.phonemes.rstrip(" ."))


def test_an_escaped_bracket_is_text() -> None:
    [sentence] = read(r"Write \[pause 2] and \[[ x ]].")
    assert sentence.normalized == "Write (pause two) and (x)."
    assert sentence.silence == 0


@pytest.mark.parametrize(
    "text",
    [
        "[rate 0.5]a[rate 0.15]b[/rate][/rate]",
        "<speak><prosody rate='50%'>a<prosody rate='15%'>b</prosody></prosody></speak>",
    ],
)
def test_tags_that_together_leave_the_range_name_the_inner_one(text: str) -> None:
    message = (
        r"character \d+: .rate 0.15\] inside of other tags makes rate 0.075: expected a number"
    )
    if text.startswith("<"):
        message = r"SSML, line 1, character 29: <prosody rate=\"15%\"> inside of other tags makes"
    with pytest.raises(TextError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("I [rate 0.5]want to[/rate] go out of the house.", "wˈɔnt tə"),
        ("I want to go [rate 0.5]out of the[/rate] house.", "ˌaʊɾəv ðə"),
        ("He [pitch 2]paid [rate 0.5]$5.20[/rate], or[/pitch] more.", "fˈaɪv dˈɑːlɚz ænd twˈɛnti"),
        ("A [rate 0.5]very, very[/rate] old man.", "vˈɛɹi, vˈɛɹi"),
        ("Born [rate 0.5]in 1998[/rate] there.", "ɪn nˈaɪntiːn nˈaɪntiˈeɪt"),
    ],
)
def test_prosody_never_changes_the_phonemes(text: str, span: str) -> None:
    [marked] = read(text)
    plain = text
    for tag in ("[rate 0.5]", "[/rate]", "[pitch 2]", "[/pitch]"):
        plain = plain.replace(tag, "")
    [same] = read(plain)
    assert marked[:4] == same[:4]
    assert with_rate(marked, 0.5).startswith(span.split(" ænd")[0])
    assert not same.prosody


def test_a_span_of_the_full_text_holds_for_every_symbol() -> None:
    one, two = read("[rate 0.5][energy 3]One, two. Three![/energy][/rate]")
    assert one.pause == 0.8
    for sentence in (one, two):
        assert set(sentence.prosody) == {PLAIN._replace(rate=0.5, energy=3.0)}
        assert len(sentence.prosody) == len(sentence.phonemes) == len(sentence.tokens)


def test_spans_inside_of_spans_multiply_and_add() -> None:
    [sentence] = read("[rate 0.5]a [rate 0.5][pitch -1]cat[/pitch][/rate] sat[/rate].")
    assert with_rate(sentence, 0.25) == "kˈæt"


def test_emphasis_gives_a_word_its_stress() -> None:
    [sentence] = read("Look at [emphasis strong]the[/emphasis] house.")
    assert "ðˈə" in sentence.phonemes
    assert with_rate(sentence, EMPHASIS["strong"].rate) == "ðˈə"


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Say [[ h ə l ˈ oʊ ]] to them.", " sˈeɪ həlˈoʊ tə ðˌɛm. "),
        ("[[ hˈaʊ ɑːɹ juː ]]?", " hˈaʊ ɑːɹ juː? "),
        ("[[ˈɪts]] [[ g : d | b ]]", " ˈɪts ɡːd b. "),
    ],
)
def test_phonemes_are_taken_as_they_are(text: str, phonemes: str) -> None:
    [sentence] = read(text)
    assert sentence.phonemes == phonemes
    assert "[[" in sentence.text
    assert "Bob" not in sentence.normalized


def test_spaces_separate_phones_or_words() -> None:
    assert read_phonemes("tʃ ɪ p") == "tʃɪp"
    assert read_phonemes("aɪ oʊ juː.") == "aɪ oʊ juː."
    assert read_phonemes("k r k | v") == "krk v"
    assert read_phonemes("to.ˈma.to") == "toˈmato"


def test_pauses_add_up_and_the_sentence_goes_on() -> None:
    one, two = read("[pause 1] Hello [pause 1.5][pause 500ms], world [pause 2 s].")
    assert (one.lead, one.silence, two.silence) == (1.0, 2.0, 2.0)
    assert one.phonemes.endswith("oʊ, ")
    assert two.phonemes.endswith("d. ")
    one, two = read("One. [pause 0] Two.")
    assert (one.pause, one.silence) == (0.0, 0.0), "in place of the natural pause"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "One.\nA [rate 0.8]cat",
            r"line 2, character 3: \[rate 0.8\] is not closed: add \[/rate\]",
        ),
        ("A cat[/rate]", r"character 6: \[/rate\] closes nothing: it ends \[rate NUMBER\]"),
        ("[rate 2][pitch 1]A[/rate]", r"character 19: .* \[pitch 1\] is still open"),
        ("[rate 11]A[/rate]", r"character 1: \[rate 11\]: expected a number from 0.1 to 10"),
        ("A [pause 61]", r"character 3: \[pause 61\]: expected a number from 0 to 60"),
        ("A [[ k @ t ]]", "character 3: @ in 'k @ t' is no phoneme"),
        ("A [[ , ]]", "character 3: ',' has no phoneme"),
        ("[pause 1]", "empty"),
    ],
)
def test_wrong_markup_is_one_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        read(text)


def test_spans_of_parts_of_words_and_of_languages_without_spaces_are_read_one_by_one() -> None:
    [sentence] = read("un[rate 0.5]believ[/rate]able")
    assert with_rate(sentence, 0.5)
    [sentence] = read("我们[rate 0.5]学习[/rate]汉语。", "cmn")
    assert 0 < len(with_rate(sentence, 0.5)) < len(sentence.phonemes) - 4


def test_spans_are_cut_at_sentences_and_nothing_is_lost() -> None:
    spans = [Span("One tw"), Span("o. ", PLAIN._replace(rate=2.0)), Span("Bob", phonemes="x")]
    cuts = cut([*spans, Span(" end")], ["One two.", "Bo", "b end"])
    assert ["".join(span.text for span in one) for one in cuts] == ["One two.", "Bo", "b end"]
    assert [span.phonemes for one in cuts for span in one] == [None, None, "x", "", None]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("We said [xx: bon appétit] and left.", ["character 9: [xx: bon appétit]"]),
        ("See [cf: page 5].", ["character 5: [cf: page 5]"]),
        ("We said bon and [fr: unclosed.", ["character 17: [fr:"]),
        ("One [fr: bon\nappétit] two.", ["line 1, character 5: [fr:"]),
        ("[fr: a [emphasis strong]b[/emphasis]]", ["character 1: [fr:"]),
        ("[xx: bon] and [fr: unclosed", ["[xx: bon]", "[fr:"]),
        ("[fr: bon] [de: gut]", []),
        (r"\[xx: bon] \[fr: unclosed [cf: page 5 [Article: one]", []),
    ],
)
def test_a_language_mark_that_marks_nothing_is_named(
    text: str, named: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    parse_brackets(text)
    assert len(caplog.messages) == len(named)
    assert all(
        part in message and r"\[" in message
        for part, message in zip(named, caplog.messages, strict=True)
    )
    assert {record.levelno for record in caplog.records} <= {logging.WARNING}


@given(st.lists(st.sampled_from(["[fr: ", "[xx: ", "]", "bon ", "[sic]", "\n", ". "]), max_size=8))
def test_what_no_mark_takes_is_text(parts: list[str]) -> None:
    text = "".join(parts)
    (passage,) = parse_brackets(text)
    left = "".join(f"[fr: {s.text}]" if s.language else s.text for s in passage.spans)
    assert left == text

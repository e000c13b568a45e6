"""Analysis of a text for speaking: what is skipped, how it stops, and the command that shows it."""

import json
from pathlib import Path

import pytest
from fakes import composed

from tts.errors import UserError
from tts.synthesis.phonemize import phonemize
from tts.text.analysis import AnalyzedSentence, analyze, with_stop
from tts.text.frontend import Frontend, TextError

FRONTEND = Frontend()


def read(text: str, language: str = "en-us") -> list[AnalyzedSentence]:
    return analyze(FRONTEND, text, language)


@pytest.mark.parametrize(
    ("text", "spoken", "skipped"),
    [
        ("***\n\nHello.", ["Hello."], ["***"]),
        ("Hello. Привет, друг! Bye.", ["Hello.", "Bye."], ["Привет, друг!"]),
        ("你好。 Good day.", ["Good day."], ["你好。"]),
    ],
)
def test_pieces_without_readable_words_are_skipped_and_named(
    text: str, spoken: list[str], skipped: list[str]
) -> None:
    sentences = read(text)
    assert [s.text for s in sentences if s.tokens][: len(spoken)] == spoken
    assert [s.text for s in sentences if s.skipped][: len(skipped)] == skipped
    assert all(s.unknown for s in sentences if s.skipped)
    assert [s.pause for s in sentences if s.tokens][-1] == 0


def test_marks_behind_a_sentence_are_not_spoken() -> None:
    sentences = read("Hello there. " + "* " * 300)
    assert [s.normalized for s in sentences if s.tokens] == ["Hello there."]


def test_the_pause_of_a_skipped_piece_is_kept() -> None:
    one, gap, two = read("One.\n\n你好。\n\nTwo.")
    assert (one.pause, gap.pause, two.pause) == (0.8, 0.0, 0.0)


@pytest.mark.parametrize(
    ("phonemes", "stopped"),
    [
        (" hˈaɪ ", " hˈaɪ. "),
        (" hˈaɪ. ", " hˈaɪ. "),
        (' "hˈaɪ!" ', ' "hˈaɪ!" '),
        (' "hˈaɪ" ', ' "hˈaɪ". '),
        (" hˈaɪ, ", " hˈaɪ, "),
        (" hˈaɪ… ", " hˈaɪ…. "),
    ],
)
def test_phonemes_end_in_a_stop(phonemes: str, stopped: str) -> None:
    assert with_stop(phonemes) == stopped


@pytest.mark.parametrize(
    "text",
    [
        "Hello</speak>",
        'Wait <break time="1s"/> now',
        "a <b>bold</b> word",
        "<prosody rate='slow'>so</prosody>",
        "one<br/>two",
    ],
)
def test_tags_are_a_clear_error(text: str) -> None:
    with pytest.raises(TextError, match="SSML"):
        read(text)
    with pytest.raises(TextError, match="SSML"):
        FRONTEND(text)


def test_signs_of_comparison_are_no_tags() -> None:
    assert read("If a<b and c>d, x < 5 > 3.")[0].tokens


@pytest.mark.parametrize(
    ("text", "has_name"),
    [
        ("The USA is big.", True),
        ("Wake me at 7 a.m. sharp.", True),
        ("AI is here.", True),
        ("Vitamin A is good.", True),
        ("He got an A.", True),
        ("A man came.", False),
        ("Once Upon A Time.", False),
        ('He said, "A dog ran off."', False),
    ],
)
@pytest.mark.parametrize("language", ["en-us", "en-gb"])
def test_the_letter_a_has_its_name(text: str, has_name: bool, language: str) -> None:
    assert ("eɪ" in read(text.replace("came", "sat"), language)[0].phonemes) == has_name


def test_phonemize_prints_what_is_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    phonemize(composed("phonemize", "text='Dr. No paid $5. 你好。 Bye'"))
    output = capsys.readouterr()
    lines = [json.loads(line) for line in output.out.splitlines()]
    assert [list(line) for line in lines] == [
        ["sentence", "normalized", "phonemes", "pause", "unknown", "language"]
    ] * 3
    assert lines[0]["normalized"] == "Doctor No paid five dollars."
    spoken = [sentence.phonemes for sentence in read("Dr. No paid $5. 你好。 Bye")]
    assert [line["phonemes"] for line in lines] == spoken
    assert "你好" in output.err
    phonemize(composed("phonemize", "text='null'", "format=text", "language=de"))
    assert "phonemes" in capsys.readouterr().out


def test_lines_without_words_are_skipped_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("One.\n***\n😀 👍\n<break/>\n\nSix.\n", encoding="utf-8")
    phonemize(composed("phonemize", f"file={lines}"))
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 2
    named = [line.partition(": ")[0] for line in printed.err.splitlines()]
    assert named == ["line 2", "line 3", "line 4"]
    lines.write_text("One.\n<b>Two</b>\n…\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"1 of 3 lines not synthesized\s+line 2: the text has"):
        phonemize(composed("phonemize", f"file={lines}"))
    assert '"One."' in capsys.readouterr().out
    lines.write_text("…\n<br/>\n", encoding="utf-8")
    with pytest.raises(UserError, match="none of the 2 lines can be spoken"):
        phonemize(composed("phonemize", f"file={lines}"))
    for alone in ("***", "<speak></speak>"):
        with pytest.raises(UserError, match=r"no letter and no digit|only tags"):
            phonemize(composed("phonemize", f"text='{alone}'"))

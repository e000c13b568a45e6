"""Pronunciation lexicons: case rules, phonemes and respellings, and errors of rows."""

from pathlib import Path

import pytest

from tts.text.analysis import analyze
from tts.text.errors import TextError
from tts.text.frontend import Frontend
from tts.text.lexicon import Lexicon
from tts.text.reading import read_text

FRONTEND = Frontend()
WORDS = """# how we say it
kubectl\tcube control
GIF\t/dʒɪf/
gif\t/ɡɪf/

tomato\ttəmˈɑːtoʊ
New York\tNoo Yawk
"""


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    (tmp_path / "words.tsv").write_text(WORDS, encoding="utf-8")
    return Lexicon.read(tmp_path / "words.tsv")


@pytest.mark.parametrize(
    ("text", "normalized", "phonemes"),
    [
        ("Kubectl's KUBECTL", "cube control's cube control", None),
        ("GIF, gif, Gif", "GIF, gif, Gif", " dʒɪf, ɡɪf, ɡɪf. "),
        ("Tomatoes or tomato's", None, " təmˈeɪɾoʊz ɔːɹ təmˈɑːtoʊz. "),
        ("in New  York", "in Noo Yawk", None),
        ("[rate 0.5]a gif[/rate] here", "a gif here", " ɐ ɡɪf hˈɪɹ. "),
        ("<speak>a gif</speak>", "a gif", " ɐ ɡɪf. "),
        ("[[ ɡ ɪ ]]", "ɡɪ", " ɡɪ. "),
    ],
)
def test_words_are_read_as_the_lexicon_says(
    lexicon: Lexicon, text: str, normalized: str | None, phonemes: str | None
) -> None:
    [sentence] = analyze(FRONTEND, text, "en-us", [lexicon])
    assert normalized in (None, sentence.normalized)
    assert phonemes in (None, sentence.phonemes)


def test_a_front_end_keeps_its_lexicon(lexicon: Lexicon) -> None:
    frontend = Frontend()
    frontend.lexicon = lexicon
    same = Frontend.from_dict(frontend.to_dict())
    assert same.lexicon == lexicon
    assert analyze(same, "GIF", "en-us")[0].phonemes == " dʒɪf. "
    assert read_text(same, "A GIF's end.", "en-us").phonemes == " ɐ dʒɪfs ˈɛnd. "
    assert "lexicon" not in FRONTEND.to_dict()
    own = Lexicon({"GIF": "/ɡɪ/"})
    assert analyze(same, "GIF", "en-us", [own])[0].phonemes == " ɡɪ. "


def test_each_bad_row_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("a\tb\nno tab\nx\t/k@t/\n\na\tc\n...\tdots\ny\t\nz\t/k, t/\n", encoding="utf-8")
    with pytest.raises(TextError) as error:
        Lexicon.read(path)
    lines = str(error.value).splitlines()
    assert lines[0] == f"lexicon={path}: 6 bad rows"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "line 2", "line 3", "line 5", "line 6", "line 7", "line 8",
    ]  # fmt: skip
    assert "@" in lines[2]
    assert "line 1 already" in lines[3]
    with pytest.raises(TextError, match="no such file"):
        Lexicon.read(tmp_path / "none.tsv")

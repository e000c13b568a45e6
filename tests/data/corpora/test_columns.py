"""Columns of a metadata file: guessed where they are clear, refused where they are not."""

from pathlib import Path

import pytest
import soundfile

from tests.data.recordings import TEXTS
from tts.data.corpora.columns import guess_columns, header_columns, read_columns
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.corpora.source import CorpusError, Source

WORDS = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
]  # fmt: skip
SENTENCES = [f"{TEXTS[n % 6]} {word}." for n, word in enumerate(WORDS * 2)]
IDS = [f"clip-{n:03d}" for n in range(24)]
NAMES = ["Anna Smith", "Ben Jones", "Cy Miller"]


def table(form: str) -> list[list[str]]:
    """24 rows of the columns that ``form`` names."""
    columns = {
        "id": IDS,
        "text": SENTENCES,
        "normalized": [s.replace("one", "1") for s in SENTENCES],
        "word": WORDS * 2,
        "speaker": [f"spk{n % 3}" for n in range(24)],
        "digit": [str(n % 3) for n in range(24)],
        "name": [NAMES[n % 3] for n in range(24)],
        "one_clip_each": [f"spk{n}" for n in range(24)],
        "from_id": [name[:-1] for name in IDS],
        "seconds": [f"{1.9 + n / 10:.2f}" for n in range(24)],
        "samples": [str(40000 + 811 * n) for n in range(24)],
        "language": ["en"] * 24,
        "split": ["train"] * 20 + ["test"] * 4,
        "empty": [""] * 24,
    }
    return [list(row) for row in zip(*(columns[name] for name in form.split("|")), strict=True)]


@pytest.mark.parametrize(
    ("form", "columns"),
    [
        ("id|text", "id text"),
        ("id|text|empty", "id text _"),
        ("id|text|normalized", "id text normalized"),
        ("id|word|word", "id text normalized"),
        ("id|speaker|text", "id speaker text"),
        ("id|digit|text", "id speaker text"),
        ("id|name|text", "id speaker text"),
        ("id|from_id|text", "id speaker text"),
        ("id|speaker|text|normalized", "id speaker text normalized"),
        ("id|name|text|normalized", "id speaker text normalized"),
    ],
)
def test_what_is_clear_is_guessed(form: str, columns: str) -> None:
    assert guess_columns(table(form)) == tuple(columns.split())


@pytest.mark.parametrize(
    ("form", "suggestion"),
    [
        ("id|text|digit", "[id,text,speaker]"),
        ("id|text|speaker", "[id,text,speaker]"),
        ("id|text|seconds", "[id,text,_]"),
        ("id|text|name", "[id,text,speaker]"),
        ("id|text|language", "[id,text,_]"),
        ("id|one_clip_each|text", "[id,speaker,text]"),
        ("id|seconds|text", "[id,_,text]"),
        ("id|samples|text", "text]"),
        ("id|language|text", "[id,_,text]"),
        ("id|split|text", "text]"),
        ("id|text|speaker|language", "[id,text,speaker,_]"),
        ("id|speaker|text|language", "[id,speaker,text,_]"),
        ("id|text|normalized|speaker", "[id,text,normalized,speaker]"),
        ("id|speaker", "data.columns="),
        ("id|seconds", "data.columns="),
        ("id|speaker|word", "data.columns="),
        ("id|text|speaker|language|seconds", "[id,text,speaker,_,_]"),
    ],
)
def test_what_is_doubtful_is_refused_with_a_suggestion(form: str, suggestion: str) -> None:
    with pytest.raises(CorpusError, match="not clear") as error:
        guess_columns(table(form))
    assert suggestion in str(error.value)


@pytest.mark.parametrize(
    ("form", "speaker"),
    [
        ("id", None), ("id|text", None), ("id|text|normalized", None), ("id|speaker", 1),
        ("id|speaker|text", 1), ("id|one_clip_each|empty", 1), ("id|text|speaker", 2),
    ],
)  # fmt: skip
def test_without_texts_only_the_speaker_counts(form: str, speaker: int | None) -> None:
    columns = guess_columns(table(form), transcribed=False)
    assert ("speaker" in columns) == (speaker is not None)
    assert speaker is None or columns[speaker] == "speaker"


def test_a_header_names_the_columns() -> None:
    assert header_columns(["path", "sentence", "client_id", "age"]) == (
        "id",
        "text",
        "speaker",
        "_",
    )
    assert header_columns(["ID", "Transcription", "Normalized Transcription"]) == (
        "id", "text", "normalized",
    )  # fmt: skip
    assert header_columns(["LJ001-0001", "text"]) is None


@pytest.mark.parametrize("names", [["id"], ["id", "text", "age"], ["id", "id", "text"], ["text"]])
def test_columns_that_cannot_be_are_refused(names: list[str]) -> None:
    with pytest.raises(CorpusError, match=r"data\.columns"):
        read_columns(names, transcribed=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three recordings; its metadata is written by each test."""
    folder = tmp_path_factory.mktemp("corpus") / "voice"
    (folder / "wavs" / "deep").mkdir(parents=True)
    for name in ("a", "b", "caf\u00e9", "deep/d"):
        soundfile.write(folder / "wavs" / f"{name}.wav", [0.0] * 100, 22050)
    (folder / "wavs" / "caf\u00e9.wav").rename(folder / "wavs" / "cafe\u0301.wav")
    return folder


def read(root: Path, content: str, **options: object) -> list[Source]:
    (root / "metadata.csv").write_text(content, encoding="utf-8")
    return list(LJSpeech(root, **options).sources())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    ["a", "a.wav", "wavs/a.wav", "./wavs/a", '"a"', "'a.wav'", "wavs\\a.wav", "/elsewhere/a.flac"],
)
def test_an_id_is_found_however_it_is_written(root: Path, written: str) -> None:
    sources = read(root, f"{written}|the cat sat down\nb|the dog ran away\n")
    assert [s.id for s in sources] == ["a", "b"]
    assert all(s.audio is not None and s.audio.is_file() for s in sources)


def test_accents_in_another_form_and_folders_are_found(root: Path) -> None:
    sources = read(root, "caf\u00e9|the cat sat down\ndeep/d|the dog ran away\nx|it is missing\n")
    assert [s.audio is not None and s.audio.is_file() for s in sources] == [True, True, False]
    assert sources[0].id == "caf\u00e9"


@pytest.mark.parametrize(
    "content",
    [
        "a|the cat sat\nb|the dog ran|\n",
        "a|the cat sat|\nb|the dog ran|\n",
        "a\tthe cat sat\nb\tthe dog ran\n",
        "a,the cat sat\nb,the dog ran\n",
        'id,text\n"a","the cat sat"\n"b","the dog ran"\n',
        "file|sentence\na.wav|the cat sat\nb.wav|the dog ran\n",
        "text|age|path\nthe cat sat|9|a.wav\nthe dog ran|8|b.wav\n",
        '"a"|"the cat sat"\r\n"b"|"the dog ran"\r\n',
    ],
)
def test_separators_quotes_and_headers_are_understood(root: Path, content: str) -> None:
    sources = read(root, content)
    assert [(s.id, s.text) for s in sources] == [("a", "the cat sat"), ("b", "the dog ran")]


def test_quotes_of_the_text_stay(root: Path) -> None:
    sources = read(root, 'a|"Yes," he said, "no."\nb|"He said ""yes"" twice"\n')
    assert [s.text for s in sources] == ['"Yes," he said, "no."', 'He said "yes" twice']


def test_columns_may_be_ignored_and_are_described(root: Path) -> None:
    rows = "a|spk0|en|the cat sat\nb|spk1|en|the dog ran\n"
    sources = read(root, rows, columns=["id", "speaker", "_", "text"])
    assert [s.speaker for s in sources] == ["spk0", "spk1"]
    read(root, "a|the cat sat\nb|the dog ran\n")
    assert "columns id|text (guessed); for example id='a'" in LJSpeech(root).description()
    assert "speaker=eve" not in LJSpeech(root, speaker="eve").description()
    (root / "metadata.csv").write_text("id|speaker|text\na|ann|the cat sat\n", "utf-8")
    assert "speaker=eve is not used" in LJSpeech(root, speaker="eve").description()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a|the cat sat\nb|the dog|ran\n" + "a|the cat sat\n" * 3, r"row 2: 3 fields.*4 of 5 rows"),
        ("the cat sat|a\nthe dog ran|b\n", "column 2 names the audio files"),
        ("a|\0\n", "null characters"),
        ("a,one, two\nb,three\n", "row 1"),
    ],
)
def test_what_is_wrong_is_said(root: Path, content: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read(root, content)

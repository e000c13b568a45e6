"""LJ Speech format: valid and broken folders, and the download."""

import hashlib
import tarfile
from pathlib import Path

import pytest

from tests.data.recordings import TEXTS, ljspeech
from tts.data.corpora.columns import guess_columns
from tts.data.corpora.download import download_ljspeech
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.corpora.source import CorpusError


@pytest.mark.parametrize(
    "form", ["id|text", "id|text|normalized", "id|speaker|text", "id|speaker|text|normalized"]
)
def test_each_layout_gives_the_same_texts(tmp_path: Path, form: str) -> None:
    sources = list(LJSpeech(ljspeech(tmp_path / "corpus", form=form)).sources())
    assert [s.text for s in sources] == list(TEXTS)
    assert all(s.audio is not None and s.audio.is_file() for s in sources)
    assert {s.speaker for s in sources} == ({"ann", "bob"} if "speaker" in form else {"corpus"})
    assert (sources[0].normalized is None) == ("normalized" not in form)


def test_short_texts_are_not_mistaken_for_speakers() -> None:
    rows = [["1", "yes", "yes"], ["2", "no", "no"], ["3", "perhaps", "perhaps"]]
    assert guess_columns(rows) == ("id", "text", "normalized")


def test_columns_can_be_given(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c", form="id|speaker|text")
    sources = list(LJSpeech(root, columns=("id", "text", "normalized")).sources())
    assert {s.text for s in sources} == {"ann", "bob"}


@pytest.mark.parametrize(
    ("content", "culprit"),
    [
        ("a|one|two|three|four\n", "row 1"),
        ("a|one\nb|two|two\n", "row 2"),
        ("just a line\n", "row 1"),
        ("a|one\n|two\n", "row 2"),
        ("", "no rows"),
        ("\n\n", "no rows"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, content: str, culprit: str) -> None:
    root = ljspeech(tmp_path / "c")
    (root / "metadata.csv").write_text(content)
    with pytest.raises(CorpusError, match=culprit):
        list(LJSpeech(root).sources())


def test_a_missing_folder_or_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"data\.root"):
        list(LJSpeech(tmp_path / "nowhere").sources())
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"metadata\.csv"):
        list(LJSpeech(tmp_path / "empty").sources())
    (tmp_path / "empty" / "metadata.csv").write_text("a|b\n")
    with pytest.raises(CorpusError, match="wavs"):
        list(LJSpeech(tmp_path / "empty").sources())


def test_text_in_another_encoding_is_rejected(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    (root / "metadata.csv").write_bytes("a|caf\xe9\n".encode("latin-1"))
    with pytest.raises(CorpusError, match="UTF-8"):
        list(LJSpeech(root).sources())


def archive(folder: Path) -> tuple[str, str]:
    """A small stand-in for the public archive, and its checksum."""
    ljspeech(folder / "LJSpeech-1.1")
    path = folder / "LJSpeech-1.1.tar.bz2"
    with tarfile.open(path, "w:bz2") as tar:
        tar.add(folder / "LJSpeech-1.1", "LJSpeech-1.1")
    return path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_archive_is_downloaded_once_and_verified(tmp_path: Path) -> None:
    url, digest = archive(tmp_path / "server")
    root = download_ljspeech(tmp_path / "here", url, digest)
    assert len(list(LJSpeech(root).sources())) == len(TEXTS)
    assert download_ljspeech(tmp_path / "here", "file:///gone", digest) == root
    with pytest.raises(CorpusError, match="SHA-256"):
        download_ljspeech(tmp_path / "there", url, "0" * 64)
    assert [path.name for path in (tmp_path / "there").iterdir()] == [".lock"]


def test_a_failed_download_suggests_a_local_copy(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"data\.root="):
        download_ljspeech(tmp_path, "file:///no/such/archive.tar.bz2")

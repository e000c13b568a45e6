"""How written text is read in each language; the tables in ``readings/`` are for native readers."""

from pathlib import Path

import pytest

from tts.text.clean import clean
from tts.text.normalize import normalize
from tts.text.sentences import split_sentences

FILES = sorted((Path(__file__).parent / "readings").glob("*.txt"))


def _rows(path: Path) -> list[tuple[str, str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(path.stem, written, read) for written, read in rows]


ROWS = [row for path in FILES for row in _rows(path)]


@pytest.mark.parametrize(("language", "written", "read"), ROWS)
def test_written_text_is_read_as_words(language: str, written: str, read: str) -> None:
    assert normalize(clean(written).text, language) == read

"""How written text is read in each language; the tables in ``readings/`` are for native readers."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.text.clean import clean
from tts.text.normalize import normalize
from tts.text.sentences import split_sentences

FILES = sorted((Path(__file__).parent / "readings").glob("*.txt"))
LANGUAGES = [path.stem for path in FILES]


def _rows(path: Path) -> list[tuple[str, str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(path.stem, written, read) for written, read in rows]


ROWS = [row for path in FILES for row in _rows(path)]


# what a table must have rows of, as patterns of the written text
KINDS = {
    "dates": r"\d[/.-]\d{1,2}[/.-]\d|\d\.?\s?(?:de\s)?(?:[Mm]ai|May|mei|maja|мая|mayo|maggio|maio)"
    r"|فروردین",
    "money": r"[€$£₽]|руб|zł",
    "times": r"\d[:h.]\d\d|ساعت",
    "ordinals": r"\d(?:st|nd|rd|th|er|e|de|ste|ère|º|ª|°|-й|ام|\.(?= \w)|\.º)(?!\w)",
    "Roman numerals": r"(?<!\w)[IVX]{2,}(?:e|\.)?(?!\w)",
    "abbreviations": r"(?<!\w)[^\W\d_]{1,4}\.(?= ?\w)",
}
RULE_BASED = ("en-us", "de", "fr", "nl", "fa", "ru", "es", "it", "pt", "pl")
LEAST = 40  # rows


@pytest.mark.parametrize("language", RULE_BASED)
def test_a_table_has_rows_of_every_kind(language: str) -> None:
    written = [row[1] for row in ROWS if row[0] == language]
    assert len(written) >= LEAST
    for kind, pattern in KINDS.items():
        assert any(re.search(pattern, text) for text in written), kind


@pytest.mark.parametrize(("language", "written", "read"), ROWS)
def test_written_text_is_read_as_words(language: str, written: str, read: str) -> None:
    assert normalize(clean(written).text, language) == read
    sentences = [sentence.text for sentence in split_sentences(written, language)]
    assert " ".join(normalize(clean(sentence).text, language) for sentence in sentences) == read


@pytest.mark.parametrize("language", LANGUAGES)
@given(
    st.lists(
        st.sampled_from(
            [*"0123456789.,:/-%°€$ ", "kg", "IV", "1/2", "24.12.", "5:30", "XIX", "Tel."]
        ),
        max_size=14,
    ).map("".join)
)
def test_no_digit_is_left(language: str, text: str) -> None:
    assert not any(character.isdigit() for character in normalize(clean(text).text, language))


def test_reading_is_quick() -> None:
    start = time.process_time()
    count = 0
    for language, written, _ in ROWS[::3]:
        normalize(clean(written).text, language)
        count += 1
    assert (time.process_time() - start) / count < 0.02  # s; usually under 0.0005

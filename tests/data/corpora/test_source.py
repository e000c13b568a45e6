"""Utterances of anybody's reader: what is no utterance is named."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tts.data.corpora.source import CorpusError, Source, read_sources

GOOD = Source("a", "Hello.", "anna", "en-us", Path("a.wav"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (GOOD._replace(text=None), r"utterance 2: text=None: expected a string"),
        (GOOD._replace(id=5), r"utterance 2: id=5: expected a string"),
        (
            GOOD._replace(audio="a.wav"),
            r"utterance 2 \(a\): audio='a.wav': expected a pathlib.Path",
        ),
        (GOOD._replace(audio=None), r"give audio=PATH, or samples and their sample_rate"),
        (("a", "Hello."), r"yields \('a', 'Hello.'\); yield a Source"),
    ],
)
def test_what_is_no_utterance_is_named(source: Source, message: str) -> None:
    reader = SimpleNamespace(name="mine", sources=lambda: iter([GOOD, source]))
    found = read_sources(reader)  # type: ignore[arg-type]
    assert next(found) == GOOD
    with pytest.raises(CorpusError, match=message):
        next(found)

"""Single-recording corpus: where it is cut, and the times of its words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tts.data.corpora.recording import Recording
from tts.data.corpora.source import CorpusError
from tts.data.corpora.transcription import read_words

RATE = 16000
WORDS = [
    ("One", 0.5, 0.8), ("two", 0.8, 1.1), ("three.", 1.1, 1.6),
    ("Four", 2.6, 2.9), ("five", 2.9, 3.2), ("six", 3.2, 3.9), ("seven.", 3.9, 4.4),
]  # fmt: skip


def as_words() -> dict[str, Any]:
    return {"words": [{"word": w, "start": a, "end": b} for w, a, b in WORDS]}


def as_segments() -> dict[str, Any]:
    return {"segments": [{"words": as_words()["words"][:3]}, {"words": as_words()["words"][3:]}]}


def as_characters() -> dict[str, Any]:
    characters: list[str] = []
    starts: list[float] = []
    ends: list[float] = []
    for word, start, stop in WORDS:
        marks = np.linspace(start, stop, len(word) + 1)
        characters += [*word, " "]
        starts += [*marks[:-1], stop]
        ends += [*marks[1:], stop]
    return {
        "characters": characters,
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    }


def write(folder: Path, content: Any, seconds: float = 5.0) -> tuple[Path, Path]:
    soundfile.write(folder / "voice.wav", np.zeros(int(seconds * RATE)), RATE)
    (folder / "voice.json").write_text(json.dumps(content))
    return folder / "voice.wav", folder / "voice.json"


@pytest.mark.parametrize("layout", [as_words, as_segments, as_characters])
def test_every_layout_gives_the_same_words(tmp_path: Path, layout: Any) -> None:
    _, path = write(tmp_path, layout())
    words = read_words(path)
    assert [w for w, _, _ in words] == [w for w, _, _ in WORDS]
    assert np.allclose([w[1:] for w in words], [w[1:] for w in WORDS])


def test_it_is_cut_at_the_silence_without_losing_words(tmp_path: Path) -> None:
    sources = list(Recording(*write(tmp_path, as_words())).sources())
    assert [s.text for s in sources] == ["One two three.", "Four five six seven."]
    ends = [s.segment for s in sources]
    assert ends[0] is not None
    assert ends[1] is not None
    assert 1.6 < ends[0][1] <= ends[1][0] < 2.6


def test_times_are_relative_to_the_cut(tmp_path: Path) -> None:
    for source in Recording(*write(tmp_path, as_words())).sources():
        assert source.segment is not None
        assert source.timings is not None
        truth = {w: (a, b) for w, a, b in WORDS}
        for word, start, stop in source.timings:
            absolute = (start + source.segment[0], stop + source.segment[0])
            assert absolute == pytest.approx(truth[word])


def test_a_long_sentence_is_cut_at_its_longest_silence(tmp_path: Path) -> None:
    words = [(f"w{i}", i * 1.0, i * 1.0 + (0.8 if i == 4 else 0.95)) for i in range(10)]
    content = [{"text": w, "start": a, "end": b} for w, a, b in words]
    audio, transcription = write(tmp_path, content, seconds=11)
    sources = list(Recording(audio, transcription, target_seconds=5.0, max_seconds=6.0).sources())
    assert sources[0].text == "w0 w1 w2 w3 w4"
    assert " ".join(s.text for s in sources) == " ".join(w for w, _, _ in words)


@pytest.mark.parametrize(
    ("content", "culprit"),
    [
        ({"words": []}, "no words"),
        ({"nothing": 1}, "no timed"),
        ({"words": [{"word": "a", "start": 0.0}]}, "entry 1"),
        ({"words": [{"word": "a", "start": 2.0, "end": 1.0}]}, "entry 1"),
        ({"words": [{"word": "a", "start": 1.0, "end": 2.0},
                    {"word": "b", "start": 0.5, "end": 3.0}]}, "entry 2"),
        ({"characters": ["a", "b"], "character_start_times_seconds": [0.0],
          "character_end_times_seconds": [1.0, 2.0]}, "as many"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_named(tmp_path: Path, content: Any, culprit: str) -> None:
    audio, transcription = write(tmp_path, content)
    with pytest.raises(CorpusError, match=culprit):
        list(Recording(audio, transcription).sources())


def test_a_transcription_of_another_recording_is_rejected(tmp_path: Path) -> None:
    audio, transcription = write(tmp_path, as_words(), seconds=2.0)
    with pytest.raises(CorpusError, match="give the transcription of this recording"):
        list(Recording(audio, transcription).sources())
    (tmp_path / "voice.json").write_text("{")
    with pytest.raises(CorpusError, match="JSON"):
        list(Recording(audio, transcription).sources())
    with pytest.raises(CorpusError, match=r"data\.audio"):
        Recording(tmp_path / "x.wav", transcription).fingerprint()

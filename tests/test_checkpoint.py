"""Paths of runs and voices: one line that says what a wrong one is, and says it once."""

from pathlib import Path

import pytest

from tts.checkpoint import CheckpointError, load_run, require_run
from tts.errors import UserError, naming_key
from tts.project_files import VOICES
from tts.synthesizer import Synthesizer
from tts.vocoders.codec import load_codec


def message(path: Path | str) -> str:
    """The message for ``run=path``."""
    with pytest.raises(CheckpointError) as caught, naming_key("run", path):
        require_run(path)
    return str(caught.value)


def test_a_folder_that_is_no_run_says_what_it_is(tmp_path: Path) -> None:
    empty, cut, run, sweep, voices = (tmp_path / n for n in ("empty", "cut", "run", "sweep", "v"))
    for folder in (empty, cut, run / "checkpoints", sweep / "a/checkpoints", voices / "lj"):
        folder.mkdir(parents=True)
    (cut / "weights.safetensors").touch()
    (sweep / "a/checkpoints/last.ckpt").touch()
    (voices / "lj/voice.json").touch()
    expected = {
        empty: "is neither a run nor a voice",
        cut: "holds a voice without voice.json: voice.json is missing; copy the voice again",
        run: "has no checkpoint best or last.ckpt yet",
        sweep: f"is neither a run nor a voice; it holds the runs {sweep / 'a'}",
        voices: f"is neither a run nor a voice; it holds the voices {voices / 'lj'}",
    }
    for folder, text in expected.items():
        assert message(folder) == f"run={folder} {text}"
        assert message(f"{folder}/") == f"run={folder}/ {text}"


@pytest.mark.parametrize("name", ["voice.json", "weights.safetensors"])
def test_a_file_of_a_voice_is_answered_by_its_folder(name: str) -> None:
    file = VOICES / "lj" / name
    assert message(file) == f"run={file} is a file of a voice: give its folder, {VOICES / 'lj'}"


def test_a_message_says_a_path_once(tmp_path: Path) -> None:
    for text, expected in (
        ("a/b is damaged", "run=a/b is damaged"),
        ("a/b/w.json is damaged", "run=a/b: w.json is damaged"),
        ("a/b, field: x", "run=a/b, field: x"),
        ("a/bc is damaged", "run=a/b: a/bc is damaged"),
        ("another error", "run=a/b: another error"),
        ("data=x: another key", "data=x: another key"),
    ):
        with pytest.raises(UserError) as caught, naming_key("run", "a/b"):
            raise UserError(text)
        assert str(caught.value) == expected


def test_a_path_with_an_equals_sign_is_no_key(tmp_path: Path) -> None:
    folder = tmp_path / "a=1"
    folder.mkdir()
    assert message(folder) == f"run={folder} is neither a run nor a voice"


@pytest.mark.parametrize("name", ["vocoder", "phonemizer"])
def test_parts_of_a_synthesizer_are_functions(name: str) -> None:
    with pytest.raises(UserError, match=f"{name}='voices/vocos_small': expected a function, "):
        Synthesizer.load(**{name: "voices/vocos_small"})


@pytest.mark.parametrize(("path", "text"), [(3, "3 is of type int"), ("", "the path is empty")])
def test_what_is_no_path_is_an_error(path: str, text: str) -> None:
    for load in (Synthesizer.load, load_run, load_codec):
        with pytest.raises(UserError, match=text):
            load(path)

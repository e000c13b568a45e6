"""Summaries of runs: what ``summary.json`` says however a run ends."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from tts.config.resolvers import resumed_folder
from tts.errors import UserError
from tts.training.summary import SUMMARY, summarized


def read(folder: Path) -> dict[str, object]:
    return json.loads((folder / SUMMARY).read_text())


def test_a_command_rejected_before_training_keeps_the_earlier_summary(tmp_path: Path) -> None:
    with summarized(tmp_path, ["seed=1"]) as summary:
        summary |= {"status": "done", "parameters": 7}
    done = read(tmp_path)
    made_with = done["environment"]
    assert isinstance(made_with, dict)
    assert made_with["packages"]["torch"] == version("torch")
    assert {"version", "commit", "python", "platform", "gpus"} < set(made_with)
    with pytest.raises(UserError), summarized(tmp_path, ["seed=2"]):
        raise UserError("model/encoder=...: a resumed run keeps its own model/encoder")
    assert read(tmp_path) == done


def test_a_training_that_fails_is_recorded_with_its_error(tmp_path: Path) -> None:
    def train() -> None:
        with summarized(tmp_path, []) as summary:
            summary["parameters"] = 7
            raise UserError("2 of the last 500 steps were skipped")

    with pytest.raises(UserError):
        train()
    assert read(tmp_path)["status"] == "failed"
    assert read(tmp_path)["error"] == "2 of the last 500 steps were skipped"


def test_a_first_run_that_is_rejected_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(UserError), summarized(tmp_path, []):
        raise UserError("no such option")
    assert read(tmp_path)["status"] == "failed"


def test_a_voice_cannot_be_resumed() -> None:
    voice = Path(__file__).parents[2] / "voices" / "lj"
    with pytest.raises(UserError, match=r"is a voice .*init_from="):
        resumed_folder(str(voice))

"""The tutorial of one recording: its commands train, test, analyze and edit, as they stand."""

import importlib.util
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from fakes import composed
from matplotlib.figure import Figure
from processes import ROOT

from tts.cli import analyze as analyze_command
from tts.config.corpora import prepare_from_config
from tts.config.literal import quote_literals
from tts.data.corpora.recording import Recording
from tts.errors import UserError
from tts.evaluation.compared_controls import compared_controls, titles
from tts.evaluation.run import evaluate
from tts.synthesis.edit import edit, with_replaced
from tts.training.analysis import analyze
from tts.training.run import train

TINY = (
    "model/size=tiny", "trainer=cpu", "trainer.precision=32-true", "trainer.log_every_n_steps=1",
    "callbacks.samples=null", "callbacks.free_running=null", "callbacks.metric_history=null",
    "trainer.num_sanity_val_steps=0",
)  # fmt: skip
MEASURED = "mcd"


def tutorials() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tutorials", ROOT / "docs/site/run_tutorials.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_train(*overrides: str) -> Any:
    folder = [o.replace("hydra.run.dir", "run_dir") for o in overrides]
    return train(composed("train", *folder, *TINY))


def run_evaluate(*overrides: str) -> Any:
    shorter = {
        "utterances=8": "utterances=1",
        "iterations=[[1],[4],[8],[16]]": "iterations=[[1],[2]]",
    }
    kept = [shorter.get(override, override) for override in overrides]
    assert len(set(kept) - set(overrides)) == len(shorter)
    unmeasured = [f"metrics.{n}=null" for n in composed("evaluate").metrics if n != MEASURED]
    return evaluate(composed("evaluate", *kept, *unmeasured, "worst=0", "workers=1"))


COMMANDS: dict[str, Callable[..., Any]] = {
    "prepare": lambda *overrides: prepare_from_config(composed("prepare", *overrides).data),
    "train": run_train,
    "evaluate": run_evaluate,
    "edit": lambda *overrides: edit(composed("edit", *overrides)),
    "analyze": analyze,
}


def run(words: Sequence[str]) -> Any:
    """Run a command of the page in this process."""
    script, *rest = words[1:]
    name = Path(script).stem if script.endswith(".py") else rest[1]
    arguments = rest if script.endswith(".py") else rest[2:]
    return COMMANDS[name](*(arguments if name == "analyze" else quote_literals(arguments, name)))


def test_the_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = tutorials()
    module.write_recording(tmp_path, 8)
    module.write_codec(tmp_path / "codec")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "voices").symlink_to(ROOT / "voices")
    page = (ROOT / "docs" / "one_recording.md").read_text()
    results = [run(module.words_of(command, tmp_path, 2)) for command in module.BLOCK.findall(page)]
    prepared, of_mels, of_codes, report, analysis, edited = results
    assert prepared[0].is_dir()
    assert of_mels["steps"] == of_codes["steps"] == 2
    rounds = {name: each["rounds"].value for name, each in report["models"].items()}
    assert rounds["chapter_codes, 2 rounds, stop_probability=0"] == 4  # of two codebooks
    assert len(rounds) == 4
    kept = Path("outputs/chapter_codes/evaluation/wavs")
    assert {len(list(folder.glob("*.wav"))) for folder in kept.iterdir()} == {1}
    assert len(list(kept.iterdir())) == len(report["systems"])
    assert analysis.startswith("unfinished: step 2\n")
    assert "train/token_accuracy_1" in analysis
    assert Path("outputs/chapter_codes/analysis.png").is_file()
    assert f"edited.wav  {len(edited.speech.waveform) / 22050:.2f} s" in capsys.readouterr().out
    before, _ = soundfile.read("sentence.wav", dtype="int16")
    after, _ = soundfile.read("edited.wav", dtype="int16")
    assert 0 < edited.start < edited.end <= len(after)
    assert np.array_equal(after[: edited.start], before[: edited.start])
    behind = len(after) - edited.end
    assert np.array_equal(after[edited.end :], before[len(before) - behind :])
    options = ("recording=sentence.wav", "text='a b'", "new_text=a", "run=outputs/chapter")
    with pytest.raises(UserError, match=r"run=outputs/chapter: its model cannot keep codes"):
        edit(composed("edit", *options))


def test_a_transcription_lies_beside_its_recording(tmp_path: Path) -> None:
    assert Recording(tmp_path / "a.mp3").transcription == tmp_path / "a.json"
    with pytest.raises(UserError, match=r"data\.audio has no value"):
        Recording()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Monday  morning", "Friday", "We met on Friday, and again."),
        ("we", "They", "They met on Monday morning, and again."),
        (" and again", "", "We met on Monday morning, ."),
        ("mon", "x", "no such words"),
        ("on", "x", "We met x Monday morning, and again."),
        ("m", "x", "no such words"),
        (" ", "x", "has no words"),
    ],
)
def test_words_are_replaced_where_they_occur_once(old: str, new: str, expected: str) -> None:
    text = "We met on Monday morning, and again."
    if expected.endswith("words"):
        with pytest.raises(UserError, match=expected):
            with_replaced(text, old, new)
    else:
        assert with_replaced(text, old, new) == expected
    with pytest.raises(UserError, match="these words are 2 times in"):
        with_replaced("One, two, one, two.", "one, two", new)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("replace=a",), "give either replace=WORDS with=WORDS, or new_text=TEXT"),
        (("replace=a", "with=b", "new_text=c"), "give either"),
        (("replace=x", "with=b"), "there are no such words in text='a b'"),
        (("replace=a", "with=c", "out=b.xyz"), r"cannot write \.xyz"),
        (("replace=a", "with=c"), r"none\.wav: no such file"),
    ],
)
def test_unusable_options_of_edit_are_one_error(
    options: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        edit(composed("edit", "run=voices/lj", "recording=none.wav", "text='a b'", *options))


def test_compared_controls_are_systems_with_a_title() -> None:
    values = {"steps": None, "iterations": [[1], [8, 1]], "stop_probability": [0, None], "rate": 2}
    found = compared_controls(values)
    assert [(c.iterations, c.stop_probability, c.rate) for c in found] == [
        ((1,), 0, 2), ((1,), None, 2), ((8, 1), 0, 2), ((8, 1), None, 2),
    ]  # fmt: skip
    assert titles("a", found) == [
        "a, 1 round, stop_probability=0", "a, 1 round", "a, 8+1 rounds, stop_probability=0",
        "a, 8+1 rounds",
    ]  # fmt: skip
    [one] = compared_controls({**values, "iterations": [8, 1], "stop_probability": 0.5})
    assert (one.iterations, titles("a", [one])) == ((8, 1), ["a"])
    with pytest.raises(UserError, match=r"iterations=\[\]"):
        compared_controls({"iterations": [[]]})


def write_events(folder: Path, *files: range) -> None:
    from torch.utils.tensorboard import SummaryWriter

    for number, steps in enumerate(files):
        with SummaryWriter(str(folder), filename_suffix=f".{number}") as writer:
            for step in steps:
                writer.add_scalar("train/loss", number + 1 / (1 + step), step)
        for path in folder.glob(f"events*.{number}"):
            os.utime(path, (time.time() + number,) * 2)


def test_an_unfinished_run_is_analyzed_with_its_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(tmp_path, range(40), range(20, 30))
    (tmp_path / "config.yaml").write_text("trainer: {max_steps: 100}")
    lines = ["2026-01-01 10:00:00,0 WARNING tts.x: slow", "2026-01-01 10:00:01,0 INFO tts.x: fine"]
    (tmp_path / "train.log").write_text("\n".join(lines))
    monkeypatch.setattr("tts.training.analysis.report_figure", lambda curves: Figure())
    monkeypatch.setattr("sys.argv", ["analyze", str(tmp_path), "--out", str(tmp_path / "to")])
    analyze_command.main()
    text = (tmp_path / "to" / "analysis.txt").read_text()
    assert text in capsys.readouterr().out
    assert text.startswith("unfinished: step 30 of 100, ")
    assert " left, done about " in text
    assert "1 warnings in the log, the last:\n2026-01-01 10:00:00,0 WARNING tts.x: slow" in text
    [row] = [line.split() for line in text.splitlines() if line.startswith("train/loss")]
    assert float(row[1]) == pytest.approx(1 + 1 / 30, rel=1e-3)  # the repeated steps count


def test_a_folder_that_is_no_run_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no TensorBoard events"):
        analyze(str(tmp_path))
    with pytest.raises(UserError, match="there is no such folder"):
        analyze(str(tmp_path / "no"))
    write_events(tmp_path, range(3))
    (tmp_path / "summary.json").write_text(json.dumps([1]))
    with pytest.raises(UserError, match="not the folder of a run"):
        analyze(str(tmp_path))

"""python -m tts monitor and doctor: what they say of runs and of this workplace."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from tts.benchmark import doctor as doctors
from tts.errors import UserError
from tts.folder_lock import locked
from tts.training.monitor import columns_of, monitor
from tts.training.run_state import RunReader, find_runs


def make_run(folder: Path, steps: int, status: str | None = None) -> SummaryWriter:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text("trainer: {max_steps: 100}\n")
    writer = SummaryWriter(str(folder))
    for step in range(10, steps + 1, 10):
        writer.add_scalar("train/loss", 1 / step, step)
        writer.add_scalar("speed/steps_per_second", 2.0, step)
    writer.flush()
    if status:
        (folder / "summary.json").write_text(json.dumps({"status": status, "metrics": {}}))
    return writer


def test_a_run_is_followed_while_it_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = make_run(tmp_path / "a", 50)
    make_run(tmp_path / "deeper" / "b", 100, "done").close()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.yaml").write_text("a: [")
    assert [name for _, name in find_runs([tmp_path])] == ["a", "deeper/b"]
    reader = RunReader(tmp_path / "a", "a")
    assert reader.read().status == "stopped"
    with locked(tmp_path / "a"):
        state = reader.read()
        assert (state.status, state.step, state.steps) == ("running", 50, 100)
        assert state.seconds_left == 25
        writer.add_scalar("train/loss", 0.01, 60)
        writer.close()
        state = reader.read()
        assert state.step == 60
        assert state.metrics["train/loss"] == pytest.approx(0.01)
        cells = {column.heading: column.cells for column in columns_of([state])}
        assert cells["left"] == ["0:00:20"]
        assert "GPU" not in cells
        monitor([tmp_path], once=True, every=1)
    printed = capsys.readouterr().out
    assert printed.index(" a ") < printed.index("deeper/b")
    assert "100/100" in printed
    with pytest.raises(UserError, match="no runs"):
        monitor([tmp_path / "broken"], once=True, every=1)
    with pytest.raises(UserError, match="no such folder"):
        monitor([tmp_path / "nowhere"], once=True, every=1)


def test_no_run_has_more_steps_than_all(tmp_path: Path) -> None:
    make_run(tmp_path / "resumed", 130, "done").close()
    state = RunReader(tmp_path / "resumed", "resumed").read()
    assert (state.step, state.steps) == (130, 130)


def built(overrides: Sequence[str]) -> tuple[dict[str, object], int]:
    if "experiment=bad" in overrides:
        raise UserError("model.dim=0: expected 1 or more")
    return {}, 5_200_000


def test_the_doctor_names_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished = tmp_path / "prepared" / "corpus-1" / "shards"
    unfinished.mkdir(parents=True)
    monkeypatch.setattr(doctors, "_experiments", lambda: ["one"])
    monkeypatch.setattr(doctors, "_built", built)  # composing takes a second
    monkeypatch.setattr(doctors, "peak_mib", lambda *_: 10.0**9)  # a step takes seconds
    assert doctors.doctor(tmp_path / "prepared", tmp_path, ["tiny"])
    printed = capsys.readouterr().out
    for text in (
        "espeak-ng", "GiB free", "its preparation did not finish", "lower data.frames_per_batch",
        "experiment=one: 5.2 M parameters", "0 problems",
    ):  # fmt: skip
        assert text in printed
    monkeypatch.setattr(doctors, "_experiments", lambda: ["bad"])
    assert not doctors.doctor(tmp_path / "prepared", tmp_path, [])

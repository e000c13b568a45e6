"""The checklist: every way to train, and the table of their results."""

import json
import sys
from pathlib import Path

import pytest
import torch
from fakes import compose_train
from processes import Command

from tts.cli.checklist import main
from tts.project_files import REPOSITORY
from tts.training import checklist
from tts.training.checklist_rows import BENCHMARK, rows


def test_rows_agree_or_report_why_not(
    tmp_path: Path,
    prepared: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def forked(words: list[str], seconds: float) -> checklist.Finished:
        assert words[:2] == [sys.executable, str(REPOSITORY / "train.py")]
        done = Command("train.py", *words[2:]).done()
        return checklist.Finished(done.returncode, done.stderr)

    monkeypatch.setattr(checklist, "run_command", forked)
    overrides = ["model/size=tiny", "data.limit=24", "data.frames_per_batch=1500",
                 f"data.prepared_dir={prepared}", "data.workers=0", "logger=none",
                 "callbacks.metric_history=null"]  # fmt: skip
    names = "plain,resumed,16-mixed"
    monkeypatch.setattr(sys, "argv", ["checklist", "--only", names, "--steps", "2",
                                      f"--out={tmp_path}/out", *overrides])  # fmt: skip
    main()
    plain, resumed, half = json.loads((tmp_path / "out/checklist.json").read_text())
    assert plain["status"] == "done", plain
    assert plain["loss"] > 0
    assert resumed["difference"] == 0
    assert plain["gib"] > 0
    assert plain["frames_per_second"] > 0
    if not torch.cuda.is_available():
        assert half["status"] == "not run: there is no GPU"
    assert "| resumed |" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["checklist", "--only", "plain", "--steps", "2",
                                      f"--out={tmp_path}/out", "model/size=huge"])  # fmt: skip
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "choose from" in json.loads((tmp_path / "out/checklist.json").read_text())[0]["status"]


def test_each_row_is_a_valid_config_and_compares_with_an_earlier_one() -> None:
    earlier: set[str] = set()
    for row in rows():
        if row.command != BENCHMARK:
            compose_train("experiment=demo", *row.overrides)
        assert not row.compare or row.compare in earlier
        assert row.tolerance is None or row.compare
        earlier.add(row.name)
    assert len(earlier) == len(rows())


def test_a_row_is_stopped_at_its_limit_and_the_time_of_all_rows_is_kept(tmp_path: Path) -> None:
    done = checklist.run_command([sys.executable, "-c", "import time; time.sleep(60)"], 1)
    assert done.stopped
    outcomes = checklist.run_checklist(["cpu", "plain"], tmp_path, minutes=0.1)
    assert [each.status for each in outcomes] == [checklist.NO_TIME] * 2
    assert all(each.passed for each in outcomes)
    assert len(json.loads((tmp_path / "checklist.json").read_text())) == 2


def test_a_loss_too_far_from_the_compared_one_fails(tmp_path: Path) -> None:
    row = next(row for row in rows() if row.name == "plain")
    ended = checklist.Finished(0, "")
    for difference, passes in ((0.005, True), (-0.02, False), (None, False)):
        status = checklist._status(row, tmp_path, ended, 1.0, difference, True)
        assert checklist.Outcome("plain", status).passed == passes

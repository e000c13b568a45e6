"""The checklist: every way to train, and the table of their results."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import Command

from tts.cli.checklist import main
from tts.project_files import REPOSITORY
from tts.training import checklist


def test_rows_agree_or_report_why_not(
    tmp_path: Path,
    prepared: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def forked(words: list[str], **options: Any) -> Any:
        assert words[:2] == [sys.executable, str(REPOSITORY / "train.py")]
        return Command("train.py", *words[2:]).done()

    monkeypatch.setattr(checklist.subprocess, "run", forked)
    overrides = ["model/size=tiny", "data.limit=24", "data.frames_per_batch=1500",
                 f"data.prepared_dir={prepared}", "data.workers=0", "logger=none"]  # fmt: skip
    names = "plain,checkpointed,16-mixed"
    monkeypatch.setattr(sys, "argv", ["checklist", "--only", names, "--steps", "2",
                                      f"--out={tmp_path}/out", *overrides])  # fmt: skip
    main()
    plain, recomputed, half = json.loads((tmp_path / "out/checklist.json").read_text())
    assert plain["status"] == "done", plain
    assert plain["loss"] > 0
    assert recomputed["difference"] == 0
    assert plain["gib"] > 0
    assert plain["frames_per_second"] > 0
    if not torch.cuda.is_available():
        assert half["status"] == "not run: there is no GPU"
    assert "| checkpointed |" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["checklist", "--only", "plain", "--steps", "2",
                                      f"--out={tmp_path}/out", "model/size=huge"])  # fmt: skip
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "choose from" in json.loads((tmp_path / "out/checklist.json").read_text())[0]["status"]

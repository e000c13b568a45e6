"""Tests of the report's folder: where it is, and that an earlier report is kept."""

from pathlib import Path

import pytest

from tts.errors import UserError
from tts.evaluation.report_folder import report_folder, set_report_aside


def test_a_report_of_a_voice_is_not_written_into_the_voice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    voice = tmp_path / "voices/anna"
    voice.mkdir(parents=True)
    assert report_folder(None, voice, is_voice=True) == Path("outputs/evaluation/anna")
    assert report_folder(None, voice, is_voice=False) == voice / "evaluation"
    assert report_folder("there", voice, is_voice=True) == Path("there")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="out=file is a file"):
        report_folder("file", voice, is_voice=True)


def test_earlier_reports_and_other_files_are_kept(tmp_path: Path) -> None:
    assert set_report_aside(tmp_path) is None
    (tmp_path / "notes.txt").write_text("mine")
    for number in (1, 2):
        (tmp_path / "report.json").write_text(str(number))
        (tmp_path / "wavs").mkdir()
        assert set_report_aside(tmp_path) == tmp_path / f"previous-{number}"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.txt", "previous-1", "previous-2",
    ]  # fmt: skip
    for number in (1, 2):
        assert (tmp_path / f"previous-{number}/report.json").read_text() == str(number)
        assert (tmp_path / f"previous-{number}/wavs").is_dir()

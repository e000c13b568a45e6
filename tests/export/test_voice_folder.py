"""Folders of exported voices: what is there is kept, and origin and license go along."""

import shutil
from pathlib import Path

import pytest
from fakes import composed

from tts.checkpoint import VOICE, WEIGHTS, load_voice
from tts.errors import UserError
from tts.export.voice import export_voice
from tts.plain_data import read_json
from tts.project_files import VOICES
from tts.voice_folder import FILES, set_voice_aside

FEW = VOICES / "vocos_small"


def export(run: Path, out: Path, *more: str) -> None:
    export_voice(composed("export", f"run={run}", f"out={out}", *more))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_voice_is_not_exported_onto_itself(tmp_path: Path) -> None:
    voice, link = tmp_path / "voice", tmp_path / "link"
    shutil.copytree(FEW, voice)
    link.symlink_to(voice)
    before = contents(voice)
    for out in (voice, link, voice / ".." / "voice", voice / "codec"):
        with pytest.raises(UserError, match="is the voice that is read"):
            export(voice, out)
    assert contents(voice) == before
    assert not (voice / "codec").exists()


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("kept")
    with pytest.raises(UserError, match="other files than a voice"):
        export(FEW, tmp_path)
    assert contents(tmp_path) == {"config.yaml": b"kept"}


def test_a_voice_that_is_there_is_moved_aside_whole(tmp_path: Path) -> None:
    out = tmp_path / "voice"
    shutil.copytree(FEW, out)
    before = contents(out)
    assert {"README.md", "LICENSE"} <= before.keys()
    export(FEW, out, "about=new")
    assert contents(out).keys() == {VOICE, WEIGHTS}
    assert contents(out / "previous-1") == before
    load_voice(out / "previous-1")
    second = contents(out)
    export(FEW, out)
    assert contents(out / "previous-2") == second
    assert contents(out / "previous-1") == before


def test_origin_and_license_go_along_unless_given_anew(tmp_path: Path) -> None:
    about = read_json(FEW / VOICE)["about"]
    assert about["data"]
    assert about["license"]
    export(FEW, tmp_path / "a")
    assert read_json(tmp_path / "a" / VOICE)["about"] == about
    export(FEW, tmp_path / "b", "license=MIT")
    assert read_json(tmp_path / "b" / VOICE)["about"] == {**about, "license": "MIT"}


def test_every_file_of_the_shipped_voices_is_known() -> None:
    for voice in VOICES.iterdir():
        if voice.is_dir():
            assert {path.name for path in voice.iterdir()} <= {*FILES}, voice


def test_nothing_is_moved_where_there_is_no_voice(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("kept")
    assert set_voice_aside(tmp_path) is None
    assert contents(tmp_path) == {"README.md": b"kept"}

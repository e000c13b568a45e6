"""Voices pushed to a hub and pulled from it; a folder or a module stands in for the hub."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tts.checkpoint import Run, load_voice, save_voice
from tts.contract import MelContract
from tts.errors import UserError
from tts.export.hub import pull, push
from tts.vocoders.vocos import Vocos

MODEL = {"_target_": "tts.vocoders.vocos.Vocos", "_partial_": True, "dim": 8, "hidden": 8,
         "depth": 1}  # fmt: skip
REPORT = {
    "utterances": 20,
    "systems": {"recordings": {"pesq": None}, "anna": {"pesq": [3.456, 3.4, 3.5]}},
    "measures": {"pesq": {"label": "PESQ", "unit": "", "digits": 2}},
}


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    contract, folder = MelContract(), tmp_path / "anna"
    weights = Vocos(contract, 8, 8, 1).state_dict()
    run = Run(folder, {"model": MODEL}, contract, None, None, weights, 7)
    save_voice(run, folder, {"license": "CC0-1.0", "data": "an hour of Anna"})
    (folder / "notes.txt").write_text("not part of a voice")
    return folder


def test_a_pushed_voice_is_pulled_as_it_was(voice: Path, tmp_path: Path) -> None:
    hub, back = str(tmp_path / "hub/anna"), tmp_path / "back"
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    assert push(str(voice), hub, report=str(tmp_path / "report.json")) == hub
    card = (Path(hub) / "README.md").read_text()
    assert "license: cc0-1.0" in card
    assert "| PESQ |  | 3.46 [3.40, 3.50] |" in card
    assert "an hour of Anna" in card
    assert not (voice / "README.md").exists(), "the voice itself is left as it was"
    assert pull(hub, str(back)) == back
    names = sorted(path.name for path in back.iterdir())
    assert names == ["README.md", "voice.json", "weights.safetensors"]
    assert load_voice(back).step == 7
    with pytest.raises(UserError, match="holds a voice already"):
        pull(hub, str(back))


def test_a_voice_keeps_its_own_card(voice: Path, tmp_path: Path) -> None:
    (voice / "README.md").write_text("my card")
    push(str(voice), str(tmp_path / "hub"))
    assert (tmp_path / "hub/README.md").read_text() == "my card"


@pytest.mark.parametrize("fault", ["no folder", "no voice", "damaged", "link"])
def test_what_is_no_voice_leaves_nothing(fault: str, voice: Path, tmp_path: Path) -> None:
    hub, target = tmp_path / "hub", tmp_path / "target"
    if fault != "no folder":
        shutil.copytree(voice, hub)
    if fault == "no voice":
        (hub / "voice.json").unlink()
    elif fault == "damaged":
        with (hub / "weights.safetensors").open("ab") as file:
            file.write(b"0")
    elif fault == "link":
        (hub / "LICENSE").symlink_to("/etc/hostname")
    with pytest.raises(UserError):
        pull(str(hub), str(target))
    assert not target.exists()
    if fault in ("no folder", "no voice"):
        with pytest.raises(UserError, match=r"is no folder of a voice: it has no voice\.json"):
            push(str(hub), str(target))
        assert not target.exists()


def test_a_report_of_another_form_is_refused(voice: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(UserError, match=r"give report\.json"):
        push(str(voice), str(tmp_path / "hub"), report=str(tmp_path / "report.json"))
    assert not (tmp_path / "hub").exists()


def test_the_hub_itself_is_called_with_the_voice_alone(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class HfApi:
        def create_repo(self, name: str, **options: bool) -> None:
            assert options == {"private": True, "exist_ok": True}

        def upload_folder(self, repo_id: str, folder_path: Path) -> str:
            shutil.copytree(folder_path, tmp_path / repo_id)
            return f"address of {repo_id}"

    def snapshot_download(name: str, local_dir: Path, allow_patterns: list[str]) -> str:
        raise ConnectionError("no route\nto host")

    stand_in = SimpleNamespace(HfApi=HfApi, snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", stand_in)
    assert push(str(voice), "me/anna", private=True) == "address of me/anna"
    assert not (tmp_path / "me/anna/notes.txt").exists()
    with pytest.raises(UserError, match="me/anna: the hub refuses or is not reached"):
        pull("me/anna", str(tmp_path / "target"))
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match="--extra hub"):
        pull("me/anna", str(tmp_path / "target"))

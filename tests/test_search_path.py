"""Commands started in a poisoned folder: nothing in it is imported or loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tts import search_path
from tts.search_path import DRIVER, REPOSITORY, SOURCE, leave_out_current_folder

PACKAGES = ("torch", "yaml", "hydra", "omegaconf", "numpy", "rich", "espeakng_loader", "lightning",
            "sitecustomize", "usercustomize", "safetensors", "typing_extensions")  # fmt: skip
PROBE = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
SPAWN = """
import multiprocessing
from tts.search_path import leave_out_current_folder

if __name__ == "__main__":
    leave_out_current_folder()
    process = multiprocessing.get_context("spawn").Process(target=print, args=("spawned",))
    process.start()
    process.join()
"""


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where every module that python -m does not itself import writes a marker."""
    folder = tmp_path_factory.mktemp("poisoned")
    (folder / "probe.py").write_text(PROBE)
    loaded = set(run(folder, "-m", "probe").stdout.split())
    poison = f"open({str(folder / 'executed')!r}, 'a').write(__name__)\n"
    for name in ({*sys.stdlib_module_names, *PACKAGES} - loaded) | {"hydra_plugins/evil"}:
        (folder / f"{name}.py").parent.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(poison)
    return folder


def run(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env={**environment, "PYTHONPATH": SOURCE},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_commands_import_nothing_from_the_current_folder(poisoned: Path) -> None:
    script = poisoned.parent / "tts"  # as the package installs it
    script.write_text("from tts.script import main\nmain()\n")
    for words in (
        ("-m", "tts", "phonemize", "text=Hello"),
        (str(script), "train", "--help"),
        (f"{REPOSITORY}/train.py", "--help"),
    ):
        done = run(poisoned, *words)
        assert done.returncode == 0, done.stderr
        assert not (poisoned / "executed").exists(), (words, (poisoned / "executed").read_text())
    (poisoned / "tts").mkdir()
    (poisoned / "tts" / "__init__.py").write_text((poisoned / "torch.py").read_text())
    assert run(poisoned, str(script), "--help").returncode == 0
    assert run(poisoned, "-P", "-m", "tts", "--help").returncode == 0
    assert not (poisoned / "executed").exists()


def test_processes_of_a_command_import_nothing_from_the_current_folder(poisoned: Path) -> None:
    script = poisoned.parent / "spawn.py"
    script.write_text(SPAWN)
    done = run(poisoned, str(script))
    assert not (poisoned / "executed").exists()
    assert (done.returncode, done.stdout) == (0, "spawned\n"), done.stderr


@pytest.mark.parametrize("place", [DRIVER, f"tls/haswell/{DRIVER}"])
def test_a_library_that_torch_would_load_ends_the_command(place: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).touch()
    done = run(tmp_path, "-m", "tts", "--help")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path / place} would be executed")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("here", "named", "left"),
    [
        ("elsewhere", None, False),
        ("elsewhere", "", False),
        ("elsewhere", ":/x", False),
        ("elsewhere", ".", False),  # only the entry of python -m is removed
        (REPOSITORY, None, True),
        (SOURCE, "", True),
    ],
)
def test_only_this_repository_stays_in_the_search_path(
    here: str, named: str | None, left: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path) if here == "elsewhere" else here
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if named is not None:
        monkeypatch.setenv("PYTHONPATH", named)
    for name in ("PYTHONSAFEPATH", search_path.HIDDEN, *search_path.NUMBA):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(sys, "path", [folder, "/stdlib", SOURCE])
    monkeypatch.setattr(os.path, "exists", os.path.exists)
    for name in ("other", *search_path.SETTINGS):
        (tmp_path / name).touch()
    leave_out_current_folder(as_module=True)
    if here == "elsewhere":
        found = [os.path.exists(name) for name in ("other", *search_path.SETTINGS)]
        assert found == [True, False, False], "settings of packages are hidden"
    assert (folder in sys.path) == left or folder == SOURCE
    assert sys.path[-2:] == ["/stdlib", SOURCE]
    inherited = os.environ["PYTHONPATH"].split(os.pathsep)
    assert SOURCE in inherited, "processes that it starts find the package"
    assert "" not in inherited
    assert (REPOSITORY in inherited) == (here == REPOSITORY)

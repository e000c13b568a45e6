"""The wheel has what its commands need, outside the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tts.project_files import REPOSITORY, bundled

builders = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")

PROGRAM = """
from tts.project_files import CONF, IN_REPOSITORY, install_advice, python_words
assert not IN_REPOSITORY
assert python_words("train") == ["-m", "tts", "train"]
assert install_advice("sweep") == "pip install 'lightning-tts[sweep]'"
from tts.script import main
main()
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with links to the files that a wheel would hold, at their places."""
    for file in builders.WheelBuilder(str(REPOSITORY)).recurse_included_files():
        place = tmp_path / "installed" / file.distribution_path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(file.path)
    return tmp_path / "installed"


def test_a_bundled_voice_speaks_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    assert (installed / "tts/py.typed").is_file()
    assert (installed / "tts/server/page/index.html").is_file()
    assert (installed / "hydra_plugins/tts_optuna.py").is_file()
    words = ["synthesize", "run=voices/kathleen", "text=Hello.", "out=hello.wav"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "hello.wav").duration > 0.3


WITHOUT_POSIX = """
import multiprocessing, os, random, signal, socket, subprocess, sys
for name in ("fcntl", "resource"):
    sys.modules[name] = None
del signal.SIGHUP, signal.pthread_sigmask, os.register_at_fork, os.sched_getaffinity
import tts.search_path, tts.threads
from tts.folder_lock import locked
from tts.memory import lifetime_peak
from tts.signals import ending_on_signals
assert lifetime_peak() != lifetime_peak()
with ending_on_signals(), locked(sys.argv[1]):
    print("ready")
"""


def test_a_command_starts_where_posix_modules_are_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stdout == "ready\n", done.stderr


def test_voices_of_the_project_are_found_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bundled("voices/lj") == REPOSITORY / "voices" / "lj"
    for path in ("voices/none", "voices", "other/lj", "voices/../lj"):
        assert bundled(path) == Path(path)
    (tmp_path / "voices/lj").mkdir(parents=True)
    assert bundled("voices/lj") == Path("voices/lj"), "a voice of your own comes first"

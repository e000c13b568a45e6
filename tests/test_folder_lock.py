"""One training at a time writes to a run folder; a dead one holds no lock."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import ROOT

from tts import folder_lock
from tts.folder_lock import EXPIRY, LOCK, FolderInUse, locked

OWNER = """
import sys, time
from tts.folder_lock import locked
with locked(sys.argv[1]):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_the_second_is_refused_and_a_killed_owner_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_lock, "WAIT", 0.0)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    owner.stdout.readline()
    with pytest.raises(FolderInUse, match=f"process {owner.pid} on"), locked(tmp_path):
        pass
    monkeypatch.setenv("LOCAL_RANK", "1")
    with locked(tmp_path):  # a further rank of the same training
        pass
    monkeypatch.delenv("LOCAL_RANK")
    owner.kill()
    owner.wait()
    with locked(tmp_path), locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / LOCK).exists()


def test_an_owner_on_another_machine_is_alive_while_it_renews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_lock, "WAIT", 0.0)
    lock = tmp_path / LOCK
    lock.write_text(json.dumps({"host": "node7", "boot": "other", "pid": 1, "since": "noon"}))
    with pytest.raises(FolderInUse, match="process 1 on node7, since noon"), locked(tmp_path):
        pass
    before = time.time() - EXPIRY - 1
    os.utime(lock, (before, before))
    with locked(tmp_path):
        pass


def test_a_file_system_without_locks_relies_on_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, os.strerror(37))

    monkeypatch.setattr(folder_lock, "WAIT", 0.0)
    monkeypatch.setattr(folder_lock.fcntl, "flock", no_locks)
    owner = folder_lock._this_owner()
    parent = {**owner, "pid": os.getppid(), "started": folder_lock._started(os.getppid())}
    (tmp_path / LOCK).write_text(json.dumps(parent))
    with pytest.raises(FolderInUse), locked(tmp_path):
        pass
    (tmp_path / LOCK).write_text(json.dumps({**parent, "started": "of another process"}))
    with locked(tmp_path):
        pass

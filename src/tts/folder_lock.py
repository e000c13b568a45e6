"""Lock of a run folder: one training writes to it at a time, and a dead one does not hold it.

The kernel releases a file lock (``flock(2)``) however its process ends. A file system that offers
none, or that keeps locks to one machine, still holds the owner's name in the file, and the file's
age: its owner renews it.
"""

import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tts.errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".train.lock"
RENEWAL = 20.0  # seconds between two renewals
EXPIRY = 90.0  # seconds without a renewal after which an owner on another machine is dead
WAIT = 3.0  # seconds for a killed process to be gone
RANK_VARIABLES = ("RANK", "LOCAL_RANK", "SLURM_PROCID")

_held: dict[Path, int] = {}  # file descriptors of this process, by folder
_forks = False  # forked processes close them


class FolderInUse(UserError):
    """Another training writes to the folder."""


def is_first_rank() -> bool:
    """Whether this process is the first of its training, by the variables that launchers set."""
    return next((os.environ[key] for key in RANK_VARIABLES if key in os.environ), "0") == "0"


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Hold the lock of a run folder, which is created if necessary; further ranks need none.

    A process may nest it. Raises FolderInUse where another training holds it.
    """
    folder = Path(folder).resolve()
    if folder in _held or not is_first_rank():
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    _held[folder] = _acquire(path)
    ended = threading.Event()
    threading.Thread(target=_renew, args=(path, ended), daemon=True, name="lock").start()
    try:
        yield
    finally:
        ended.set()
        with suppress(OSError):
            path.unlink()
        os.close(_held.pop(folder))


def is_held(folder: Path) -> bool:
    """Return whether a training holds the lock of a run folder, as far as it can be seen."""
    path = folder / LOCK
    try:
        owner = json.loads(path.read_text(encoding="utf-8") or "{}")
        if isinstance(owner, dict) and owner.get("boot") == _boot() and os.name != "nt":
            return _is_alive(owner)
        return _age(path) < EXPIRY
    except (OSError, ValueError, RecursionError):
        return False


def _acquire(path: Path) -> int:
    global _forks
    if not _forks and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_close_inherited)
        _forks = True
    give_up = time.monotonic() + WAIT
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        owner = _try(file, path)
        if owner is None:
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, json.dumps(_this_owner()).encode())
            return file
        os.close(file)
        if owner and time.monotonic() > give_up:
            raise FolderInUse(
                f"{path.parent}: another training writes there (process {owner.get('pid', '?')} on "
                f"{owner.get('host', '?')}, since {owner.get('since', '?')}): wait for its end, or "
                "choose another folder"
            )
        time.sleep(0.1)


def _try(file: int, path: Path) -> dict[str, Any] | None:
    """Return None where the lock is ours, its owner, or {} to try again."""
    locks = True
    try:
        if fcntl is None:
            raise OSError
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _owner(file) or {"pid": "?"}
    except OSError:  # the file system has no locks
        locks = False
    try:
        if os.stat(path).st_ino != os.fstat(file).st_ino:  # removed by its owner meanwhile
            return {}
    except FileNotFoundError:
        return {}
    owner = _owner(file)
    if not owner or owner == _this_owner():
        return None
    if owner.get("boot") == _boot() and os.name != "nt":  # os.kill(pid, 0) ends it on Windows
        return owner if not locks and _is_alive(owner) else None
    return owner if _age(path) < EXPIRY else None


def _owner(file: int) -> dict[str, Any]:
    try:
        os.lseek(file, 0, os.SEEK_SET)
        found = json.loads(os.read(file, 4096) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _this_owner() -> dict[str, Any]:
    return {
        "host": socket.gethostname(), "boot": _boot(), "pid": os.getpid(),
        "started": _started(os.getpid()), "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }  # fmt: skip


def _boot() -> str:
    """Return what identifies this running system."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str:
    """Return when a process was started: a number is used again for another process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_alive(owner: dict[str, Any]) -> bool:
    try:
        os.kill(int(owner["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, KeyError, TypeError, ValueError):
        return False
    return _started(int(owner["pid"])) == owner.get("started", "")


def _age(path: Path) -> float:
    """Return the seconds since the file was renewed, by the clock of its file system."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".now-") as now:
        return os.fstat(now.fileno()).st_mtime - path.stat().st_mtime


def _renew(path: Path, ended: threading.Event) -> None:
    while not ended.wait(RENEWAL):
        with suppress(OSError):
            os.utime(path)


def _close_inherited() -> None:
    for file in _held.values():
        os.close(file)
    _held.clear()

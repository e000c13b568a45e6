"""Work that several processes are to do once."""

import logging
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


def run_once(folder: Path, done: Path, work: Callable[[], object]) -> None:
    """Do ``work``, which leaves the file ``done``, unless another process has or is just doing it.

    torchrun and SLURM start all ranks at once, and the jobs of a sweep may run beside each other.
    The lock lies in ``folder``, made if need be; a killed process gives its turn away.
    """
    if done.is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=2)
    except Timeout:
        log.info("waiting for another process at work in %s", folder)
        lock.acquire()
    try:
        if not done.is_file():  # another process may have done it while we waited
            work()
    finally:
        lock.release()

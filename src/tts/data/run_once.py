"""File lock around work that several processes need done once."""

import logging
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from tts.files import make_folder, named_errors

log = logging.getLogger(__name__)


def run_once(folder: Path, done: Path, work: Callable[[], object]) -> None:
    """Call ``work``, which leaves the file ``done``, unless another process has done it.

    torchrun and SLURM start all ranks at once, and jobs of a sweep may run at the same time: one
    works, the others wait. The lock is a file in ``folder``, which is created if necessary; the
    lock of a killed process is released.
    """
    if done.is_file():
        return
    make_folder(folder)
    lock = FileLock(folder / ".lock")
    try:
        with named_errors(folder):
            lock.acquire(timeout=2)
    except Timeout:
        log.info("waiting for another process that works in %s", folder)
        lock.acquire()
    try:
        if not done.is_file():  # another process may have finished it meanwhile
            work()
    finally:
        lock.release()

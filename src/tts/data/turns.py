"""Work that several processes are to do once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Made if need be, and for one process at a time: torchrun and SLURM start all ranks at once,
    and the jobs of a sweep may run beside each other. A killed process gives its turn away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=2)
    except Timeout:
        log.info("waiting for another process at work in %s", folder)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()

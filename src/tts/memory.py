"""Memory of this process: what Python looks through, what glibc keeps, and the most there was."""

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h


@contextmanager
def gc_frozen_imports() -> Iterator[None]:
    """What is made inside stays: modules and what hangs on them, never searched for garbage.

    Importing torch and lightning makes a million objects that live as long as the process. Looking
    for garbage among them again and again, while they are made, is a fifth of the import's time;
    afterwards each full search would look through all of them once more.
    Where nothing is imported, as before the second job of a sweep, nothing is set aside: what is
    there may be garbage.
    """
    collecting, known = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        if collecting:
            gc.enable()


def keep_freed_memory() -> bool:
    """Keep freed memory in the process instead of handing it back; whether that was possible.

    A training step frees and asks again for the same large tensors. By default glibc maps each
    anew, and the system then clears it page by page, one page fault each: on long sequences most of
    the time of a step. With a GPU, on other systems and with other allocators nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))


def restart_peak() -> float:
    """Hand freed memory back and forget the peak so far; GiB that are held now. Linux alone."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM
    return peak()


def peak() -> float:
    """GiB this process has held at most, since :func:`restart_peak` where that can be."""
    status = Path("/proc/self/status")
    if status.exists():  # rusage counts the parent's memory too, from before this process began
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    unit = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

"""Memory of this process: garbage collection, glibc's allocator, and the peak of use."""

import ctypes
import gc
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

CGROUPS = Path("/sys/fs/cgroup")
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h


@contextmanager
def gc_frozen_imports() -> Iterator[None]:
    """Exempt the modules imported inside from garbage collection.

    Importing torch and lightning makes a million objects that live as long as the process.
    Collecting while they are made takes a fifth of the import's time, and every later full
    collection would traverse them again. Where nothing is imported, as before the second job of a
    sweep, nothing is frozen: existing objects may be garbage.
    """
    enabled, known = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        if enabled:
            gc.enable()


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for reuse; return whether that was possible.

    A training step frees and allocates the same large tensors. By default glibc maps each anew, and
    the kernel clears it page by page, with a page fault for each: on long sequences most of a
    step's time on a CPU. Other systems and allocators are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))


def restart_peak() -> float:
    """Return freed memory to the system, reset the peak, and return the GiB held (Linux only)."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM
    return peak()


def peak() -> float:
    """Return the most GiB this process has held, on Linux since :func:`restart_peak`."""
    status = Path("/proc/self/status")
    if status.exists():  # rusage includes the parent's memory before the fork
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    return lifetime_peak()


def lifetime_peak() -> float:
    """Return the most GiB this process has ever held; NaN on Windows."""
    if resource is None:
        return math.nan
    unit = 2**30 if sys.platform == "darwin" else 2**20  # bytes on macOS, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def available_memory() -> int | None:
    """Return the bytes that this process can still get; None where the system does not say.

    Memory and swap of the machine, and what the cgroup leaves of its limit.
    """
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = {line.split(":")[0]: int(line.split()[1]) << 10 for line in lines if "kB" in line}
        machine = free["MemAvailable"] + free["SwapFree"]
    except (OSError, KeyError, ValueError, IndexError):
        return None
    left = [machine]
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # "max": no limit
            left.append(int((CGROUPS / limit).read_text()) - int((CGROUPS / used).read_text()))
    return max(min(left), 0)


def release_memory() -> None:
    """Free the memory of a finished job before the next one of a multirun, in this process."""
    import torch  # not at the top: --help does without torch

    gc.collect()  # trainer and system refer to each other
    torch.compiler.reset()  # torch limits the graphs that a process keeps of a piece of code
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

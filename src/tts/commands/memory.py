"""What glibc does with memory that torch frees, which decides the speed of training on a CPU."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h


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

"""CPU threads of a command: how many, and how they wait for each other.

torch's threads (OpenMP) meet after every operation. Those that wait keep their CPU busy for
milliseconds by default. Beside another busy process, the thread that is waited for then gets no
CPU: a sentence takes fifteen seconds instead of one. So they wait for microseconds, then sleep.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

# about 10 us: longer than most waits on an idle machine
SPINS = {"GOMP_SPINCOUNT": "300", "KMP_BLOCKTIME": "1"}
CHOSEN_BY_USER = ("OMP_WAIT_POLICY", *SPINS)
COUNT = "OMP_NUM_THREADS"
SHORTEST_SAMPLE = 0.05  # seconds
CGROUPS = Path("/sys/fs/cgroup")


class CpuTimes(NamedTuple):
    """CPU seconds so far on the CPUs that this process may use."""

    clock: float
    all: float  # of all processes
    own: float  # of this one


def wait_briefly() -> None:
    """Make OpenMP's threads wait for microseconds only, unless the user has chosen otherwise.

    Call it before torch is imported: the library reads the environment when it is loaded.
    """
    if not any(name in os.environ for name in CHOSEN_BY_USER):
        os.environ.update(SPINS)


def usable_cpus() -> int:
    """Return the CPUs that this process may use, by its affinity and its cgroup's quota."""
    quota = _quota()
    return max(1, len(_affinity()) if quota is None else min(len(_affinity()), round(quota)))


def cpu_times() -> CpuTimes | None:
    """Return the CPU seconds so far; None where the system does not say."""
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    names = {f"cpu{number}" for number in _affinity()}
    busy = 0
    for name, *values in (line.split() for line in lines if line.startswith("cpu")):
        if name in names:
            user, nice, system, _, _, irq, softirq, *_ = map(int, values)
            busy += user + nice + system + irq + softirq
    return CpuTimes(time.monotonic(), busy / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4]))


def limit_threads(since: CpuTimes | None) -> None:
    """Use as many threads as CPUs were free since ``since``, unless the user has set a number.

    Call it before torch is imported.
    """
    if COUNT in os.environ:
        return
    count, now = usable_cpus(), cpu_times()
    if since is not None and now is not None and now.clock - since.clock > SHORTEST_SAMPLE:
        count = free_cpus(since, now, count)
    if count < len(_affinity()):
        os.environ[COUNT] = str(count)


def free_cpus(since: CpuTimes, now: CpuTimes, usable: int) -> int:
    """Return how many CPUs other processes left free, 1 to ``usable``."""
    others = (now.all - since.all - (now.own - since.own)) / (now.clock - since.clock)
    return max(1, min(usable, round(len(_affinity()) - others)))


def _affinity() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _quota(groups: Path = Path("/proc/self/cgroup"), root: Path = CGROUPS) -> float | None:
    """Return the CPUs that the process's cgroups allow, version 1 or 2; None without a quota."""
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = []
    for controllers, path in (line.split(":", 2)[1:] for line in lines if line.count(":") > 1):
        version_1 = "cpu" in controllers.split(",")
        if controllers and not version_1:
            continue
        top = root / "cpu" if version_1 else root
        inner = top / path.lstrip("/")
        for folder in (inner, *inner.parents):  # each limits those below it
            if folder == top or top in folder.parents:
                found.append(_read_quota(folder, version_1))
    return min((quota for quota in found if quota), default=None)


def _read_quota(folder: Path, version_1: bool) -> float | None:
    try:
        if version_1:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        else:
            quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # "max"
        return None

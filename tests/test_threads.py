"""Threads: as many as CPUs are free, by affinity, quota and load."""

from pathlib import Path

import pytest

from tts import threads
from tts.threads import CpuTimes, _quota, free_cpus, limit_threads, usable_cpus, wait_briefly


@pytest.mark.parametrize(
    ("busy", "own", "usable", "free"),
    [(0.0, 0.0, 4, 4), (1.0, 0.0, 4, 3), (5.0, 1.0, 4, 1), (1.4, 1.0, 4, 4), (2.0, 0.0, 1, 1)],
)
def test_what_other_processes_use_is_not_free(
    busy: float, own: float, usable: int, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_affinity", lambda: {0, 1, 2, 3})
    assert free_cpus(CpuTimes(0, 0, 0), CpuTimes(1, busy, own), usable) == free


def test_the_quota_of_the_cgroups_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    (inner / "cpu.max").write_text("max 100000\n")
    (tmp_path / "a/cpu.max").write_text("250000 100000\n")
    groups = tmp_path / "groups"
    groups.write_text("0::/a/b\n")
    assert _quota(groups, tmp_path) == 2.5
    (tmp_path / "cpu/job").mkdir(parents=True)
    (tmp_path / "cpu/job/cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu/job/cpu.cfs_period_us").write_text("100000\n")
    groups.write_text("3:cpu,cpuacct:/job\n2:pids:/job\n")
    assert _quota(groups, tmp_path) == 0.5
    groups.write_text("no cgroup\n")
    assert _quota(groups, tmp_path) is None


def test_settings_of_the_user_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*threads.CHOSEN_BY_USER, threads.COUNT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_affinity", lambda: set(range(64)))
    monkeypatch.setattr(threads, "_quota", lambda: 3.6)
    assert usable_cpus() == 4
    monkeypatch.setenv(threads.COUNT, "7")
    limit_threads(None)
    assert threads.os.environ[threads.COUNT] == "7"
    monkeypatch.delenv(threads.COUNT)
    limit_threads(None)
    assert threads.os.environ[threads.COUNT] == "4"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    wait_briefly()
    assert "GOMP_SPINCOUNT" not in threads.os.environ
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setattr(threads.os, "environ", {})
    wait_briefly()
    assert threads.os.environ == threads.SPINS

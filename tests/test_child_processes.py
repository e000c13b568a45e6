"""Children end with their parent, whatever ends it; pools report what happens in workers."""

import os
import signal
import subprocess
import sys

import pytest
from processes import ROOT

from tts.child_processes import WorkerError, WorkerPool, usable_workers
from tts.errors import UserError

PARENT = """
import multiprocessing, os, threading, time
from tts.child_processes import Parent, end_with_parent, this_process

def wait(parent):
    end_with_parent(parent)
    print("ready", flush=True)
    time.sleep(60)

if {in_thread}:
    parent = Parent(os.getpid(), in_main_thread=False)
else:
    parent = this_process()
multiprocessing.get_context("fork").Process(target=wait, args=(parent,)).start()
time.sleep(60)
"""


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_child_ends_with_a_killed_parent(in_thread: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(in_thread=in_thread)], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    assert process.stdout.read() == "", "the child, which holds the pipe too, has ended"


def fail_at_start() -> None:
    raise UserError("no such measure")


def kill_itself(job: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_pool_reports_its_workers_errors() -> None:
    with (
        pytest.raises(UserError, match="no such measure"),
        WorkerPool(1, "workers", fail_at_start) as pool,
    ):
        list(pool.map(str, [1]))
    with (
        pytest.raises(WorkerError, match=r"smaller data\.prepare_workers than 1"),
        WorkerPool(1, "data.prepare_workers") as pool,
    ):
        list(pool.map(kill_itself, [1]))


def test_work_is_done_alone_where_no_process_can_be_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert usable_workers(1, "workers") == 1

    def no_semaphore(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("multiprocessing.context.BaseContext.Queue", no_semaphore)
    assert usable_workers(2, "data.workers") == 0
    assert "data.workers=2: no processes can be started here" in caplog.text

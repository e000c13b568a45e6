"""Child processes that end with their parent, and a pool of them that reports failures.

A child that a parent leaves behind holds memory, files and locks. On Linux the kernel kills a child
whose parent has ended (``prctl(2)``, ``PR_SET_PDEATHSIG``); elsewhere a thread of it watches.
"""

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, TypeVar

from tts.errors import UserError

log = logging.getLogger(__name__)
Job = TypeVar("Job")
Result = TypeVar("Result")

PARENT = "TTS_PARENT"  # environment variable: the process that starts a command
HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # Windows has none
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([HANGUP] if HANGUP else []))
POLL_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1  # sys/prctl.h


class Parent(NamedTuple):
    """The process that starts a child, and whether its main thread does."""

    pid: int
    in_main_thread: bool


def this_process() -> Parent:
    """Return the calling process as the parent of those that it starts next."""
    return Parent(os.getpid(), threading.current_thread() is threading.main_thread())


def end_with_parent(parent: Parent) -> None:
    """Make this process end when ``parent``, which has started it, ends for whatever reason."""
    # the kernel's signal comes when the *thread* ends that has started the child
    if not (parent.in_main_thread and _request_death_signal()):
        threading.Thread(target=_watch, args=(parent.pid,), daemon=True).start()
    if os.getppid() != parent.pid:  # it ended before
        os._exit(1)


def _request_death_signal() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False


def _watch(pid: int) -> None:
    while os.getppid() == pid:
        time.sleep(POLL_SECONDS)
    os._exit(1)


@contextmanager
def announced_parent() -> Iterator[None]:
    """Let commands that are started inside the block end with this process.

    Lightning starts the further ranks of a training so.
    """
    before = os.environ.get(PARENT)
    os.environ[PARENT] = str(os.getpid())
    try:
        yield
    finally:
        os.environ.pop(PARENT)
        if before is not None:
            os.environ[PARENT] = before


def end_with_announced_parent() -> None:
    """Make this process end with the one that has started it in :func:`announced_parent`.

    Ranks that torchrun or SLURM start have none: they belong to these.
    """
    pid = os.environ.pop(PARENT, "")
    if pid.isdigit() and (os.getppid() == int(pid) or "LOCAL_RANK" in os.environ):
        end_with_parent(Parent(int(pid), in_main_thread=True))


@contextmanager
def blocked_stop_signals() -> Iterator[None]:
    """Block the signals of :data:`STOP_SIGNALS` inside: processes started there never get them.

    Ctrl-C reaches every process of a terminal, and the parent alone decides how its children end.
    A signal that arrives inside is handled at the end of the block.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def usable_workers(workers: int, option: str) -> int:
    """Return ``workers``, or 0 where this machine allows no processes that communicate; logged.

    They need semaphores, which Linux keeps in ``/dev/shm``, and open files. ``option`` is the
    config key of ``workers``.
    """
    context = multiprocessing.get_context("spawn")
    try:
        _ = [context.Queue() for _ in range(workers + 1 if workers else 0)], context.Event()
    except (OSError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        log.warning(
            "%s=%d: no processes can be started here (%s): this one does their work. Check the "
            "size of /dev/shm and ulimit -n",
            option, workers, reason.lower(),
        )  # fmt: skip
        return 0
    return workers


class WorkerError(UserError):
    """A worker process that was killed."""


class WorkerPool:
    """Context manager: ``workers`` new processes that end with this one.

    ``initializer`` runs once in each; its exception is raised by the jobs. An exception in the
    block kills the workers at once. ``option`` is the config key of ``workers``, for messages.
    """

    def __init__(
        self, workers: int, option: str, initializer: Callable[[], object] | None = None
    ) -> None:
        self.workers, self.option = workers, option
        # spawn: a forked process would inherit torch's and espeak's threads in an unknown state
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(
            workers, context, _start_worker, (this_process(), initializer)
        )

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        if kind is not None:
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._pool.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Start the processes and their initializers now, not with the first job."""
        with blocked_stop_signals():
            for _ in range(self.workers):
                self._pool.submit(int)

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield the results in order. Raises WorkerError when a worker was killed."""
        with blocked_stop_signals():
            results = self._pool.map(partial(_run, function), jobs)
        try:
            yield from results
        except BrokenProcessPool as error:
            raise WorkerError(
                f"a worker process was killed, perhaps for lack of memory: run again with a "
                f"smaller {self.option} than {self.workers}"
            ) from error


_start_error: Exception | None = None  # of this worker's initializer


def _start_worker(parent: Parent, initializer: Callable[[], object] | None) -> None:
    global _start_error
    end_with_parent(parent)
    try:
        if initializer is not None:
            initializer()
    except Exception as error:
        _start_error = error


def _run(function: Callable[[Job], Result], job: Job) -> Result:
    if _start_error is not None:
        raise _start_error
    return function(job)

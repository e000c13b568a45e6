"""Signals that end a command: Ctrl-C, SIGTERM and SIGHUP, from its first moment to its last.

A handler in Python raises an exception, which can get lost: Python swallows it in a callback of C
code or in ``__del__``, and no handler runs while C code does not return. So a thread watches too.
It reads the signals from a socket (``signal.set_wakeup_fd``) and ends the process where the
exception has not done so in time.
"""

import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tts.child_processes import HANGUP, STOP_SIGNALS

GRACE = 5.0  # seconds between the first signal and the end, to remove unfinished files


class Stopped(KeyboardInterrupt):
    """A signal ends the command."""

    def __init__(self, signum: int) -> None:
        super().__init__(describe(signum))


def describe(signum: int) -> str:
    """Return ``interrupted`` for Ctrl-C, else ``ended by <signal>``."""
    if signum == signal.SIGINT:
        return "interrupted"
    return f"ended by {signal.Signals(signum).name}"


class _State:
    received = 0  # the first signal
    watching = False  # the thread runs
    saving = False  # a training finishes its step and saves first
    deadline: float | None = None  # time.monotonic() at which the process ends
    writer: socket.socket | None = None  # wakes the thread


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Make signals end the block with one line on stderr and status 128 + signal.

    A second signal ends the process at once.
    """
    before = {signum: signal.getsignal(signum) for signum in STOP_SIGNALS}
    install()
    try:
        yield
    except BaseException as error:
        # an import that a signal interrupts can end in another exception
        signaled = _State.received and not isinstance(error, SystemExit)
        if not signaled and not isinstance(error, KeyboardInterrupt):
            raise
        _State.received = _State.received or signal.SIGINT  # not raised by a handler of ours
        if _State.deadline is None:
            _end_within(GRACE)
        print(describe(_State.received), file=sys.stderr)
        raise SystemExit(128 + _State.received) from None
    finally:
        if not _State.received:
            _uninstall(before)


def install() -> None:
    """Install the handlers and the watching thread, if this is the main thread; once."""
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in STOP_SIGNALS:
        if not is_ignored(signum):
            signal.signal(signum, _raise)
    if _State.watching:
        return
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    # a forked process has no watching thread, and its signals are not those of this process
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)
    _State.watching, _State.writer = True, writer
    threading.Thread(target=_watch, args=(reader,), daemon=True, name="signals").start()


def _uninstall(handlers: Mapping[signal.Signals, Any]) -> None:
    """Restore the handlers and end the thread: the process goes on to do other things."""
    if _State.writer is None or threading.current_thread() is not threading.main_thread():
        return
    for signum, handler in handlers.items():
        signal.signal(signum, handler)
    signal.set_wakeup_fd(-1)
    _State.writer.close()
    _State.watching, _State.writer = False, None


def is_ignored(signum: int) -> bool:
    """Whether the user has this signal ignored: ``nohup`` does so with SIGHUP.

    Shells ignore SIGINT in the background jobs of a script; whoever sends it means it.
    """
    return signum == HANGUP and signal.getsignal(signum) == signal.SIG_IGN


def require_not_stopped() -> None:
    """Raise :class:`Stopped` where a signal has been received and its exception got lost."""
    if _State.received:
        raise Stopped(_State.received)


@contextmanager
def saving_first() -> Iterator[None]:
    """Leave the time of the end to the caller inside the block: it saves first."""
    _State.saving = True
    try:
        yield
    finally:
        _State.saving = False


def leave_terminal() -> None:
    """Discard what is still printed to a terminal that is gone, where it would be an error."""
    for stream in (1, 2):
        try:
            if os.isatty(stream):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream)
                os.close(null)
        except OSError:
            continue


def _raise(signum: int, frame: FrameType | None) -> None:
    if signum == HANGUP:
        leave_terminal()
    _State.received = _State.received or signum
    raise Stopped(signum)


def _forget() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.set_wakeup_fd(-1)
    _State.received, _State.watching, _State.deadline, _State.writer = 0, False, None, None


def _end_within(seconds: float) -> None:
    _State.deadline = time.monotonic() + seconds
    if _State.writer is not None:
        _State.writer.send(b"\0")  # the thread reads the deadline


def _watch(reader: socket.socket) -> None:
    """End the process at the deadline, or at the second signal."""
    count, last = 0, int(signal.SIGTERM)
    while True:
        wait = None if _State.deadline is None else max(_State.deadline - time.monotonic(), 0)
        ready, _, _ = select.select([reader], [], [], wait)
        if not ready:
            os._exit(128 + last)
        received = reader.recv(64)
        if not received:  # uninstalled
            return
        for number in received:
            if number not in STOP_SIGNALS:
                continue
            count, last = count + 1, number
            if not _State.saving:
                if count > 1:
                    os._exit(128 + last)
                _State.deadline = time.monotonic() + GRACE
            elif count > 1:  # the training's handler raises SystemExit
                _State.deadline = time.monotonic() + 1.0

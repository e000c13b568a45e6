"""Ends of a command: every user error in one line on stderr with status 2, signals with 128 + n."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tts.child_processes import end_with_announced_parent
from tts.console import output_error, protect_streams
from tts.errors import UserError
from tts.files import disk_error, file_error
from tts.signals import ending_on_signals, require_not_stopped
from tts.threads import wait_briefly

PACKAGE = str(Path(__file__).parents[1])
# the message of torch's DataLoader for an exception in a reader process
IN_READER = re.compile(r"Caught \w+ in .*Original Traceback .*\n(?:[\w.]+): (.+)", re.DOTALL)


@contextmanager
def reported() -> Iterator[None]:
    """Report the errors of a command that is run inside; any other exception is a bug and passes.

    Output that nobody reads, or that the terminal cannot show, does not end the command.
    """
    protect_streams()
    threading.excepthook = _report_thread
    done: SystemExit | None = None
    end_with_announced_parent()
    wait_briefly()  # before torch is imported
    try:
        with ending_on_signals():
            yield
    except SystemExit as end:  # of argparse's --help too
        if end.code:
            raise
        done = end
    except Exception as error:
        if (found := user_error(error)) is None:
            raise
        fail(f"error: {found}")
    if lost := output_error():
        fail(f"error: standard output: {lost}", 1)
    if done is not None:
        raise done


def _report_thread(arguments: threading.ExceptHookArgs) -> None:
    """Leave errors of the disk in a thread, as TensorBoard's writer, to whoever waits for it."""
    if disk_error(arguments.exc_value) is None:
        threading.__excepthook__(arguments)


def fail(message: str, status: int = 2) -> NoReturn:
    """End the command with ``message`` on stderr.

    An error after a signal is the signal's: an import that it interrupts ends in any exception.
    """
    require_not_stopped()
    print(message, file=sys.stderr)
    raise SystemExit(status)


def user_error(error: BaseException | None, folder: str | None = None) -> UserError | None:
    """Return the user's error behind an exception; None for a bug.

    ``folder``: where the command writes, for errors of the disk that name no file.

    Hydra wraps what a constructor raises, and a DataLoader what its readers raise. Errors of the
    disk, such as a missing permission, are the user's too.
    """
    cause = error
    while cause is not None:
        if isinstance(cause, UserError):
            found = IN_READER.match(str(cause))
            return UserError(found[1].strip()) if found else cause
        cause = cause.__cause__ or cause.__context__
    if (disk := disk_error(error)) is None or str(disk.filename).startswith(PACKAGE):
        return None
    return file_error(disk, None if disk.filename else folder)

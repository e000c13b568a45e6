"""Signals end a command at any moment, also where its code swallows the exception."""

import signal
import subprocess
import sys

import pytest
from processes import ROOT

PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where nohup ignores it
from tts import signals
signals.GRACE = 0.3
with signals.ending_on_signals():
    {before}
    print("ready", flush=True)
    while True:
        {loop}
"""
PLAIN = "time.sleep(10)"
SWALLOWS = """
        try:
            time.sleep(10)
        except BaseException:
            pass
"""


def ended(signums: list[int], loop: str = PLAIN, before: str = "pass") -> tuple[int, str]:
    """Send the signals to a program that is ready; return its status and stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(before=before, loop=loop)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    for signum in signums:
        process.send_signal(signum)
    errors = process.communicate(timeout=200)[1]
    return process.returncode, errors


@pytest.mark.parametrize(
    ("signum", "line"),
    [
        (signal.SIGINT, "interrupted\n"),
        (signal.SIGTERM, "ended by SIGTERM\n"),
        (signal.SIGHUP, "ended by SIGHUP\n"),
    ],
)
def test_a_signal_ends_with_one_line_and_its_status(signum: int, line: str) -> None:
    assert ended([signum]) == (128 + signum, line)


def test_a_swallowed_signal_ends_the_process_all_the_same() -> None:
    status, errors = ended([signal.SIGINT], SWALLOWS)
    assert status == 130
    assert errors in ("", "interrupted\n")  # a signal between two tries is not swallowed


def test_a_second_signal_ends_at_once() -> None:
    never = "signals.GRACE = 1000"
    assert ended([signal.SIGINT, signal.SIGTERM], SWALLOWS, never)[0] in (130, 143)


def test_a_training_decides_itself_after_the_first_signal() -> None:
    status, errors = ended(
        [signal.SIGINT],
        "time.sleep(0.5); print('saved', file=sys.stderr); sys.exit(3)",
        "import signal; signal.signal(signal.SIGINT, lambda *_: None);"
        " hold = signals.saving_first(); hold.__enter__()",
    )
    assert (status, errors) == (3, "saved\n")


def test_nohup_is_respected() -> None:
    before = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); signals.install()"
    assert ended([signal.SIGHUP, signal.SIGTERM], before=before) == (143, "ended by SIGTERM\n")


def test_an_error_that_a_signal_causes_is_reported_as_the_signal() -> None:
    turned = """try:
            time.sleep(10)
        except BaseException:
            from tts.config.reporting import fail
            fail("error: an import failed")"""
    assert ended([signal.SIGTERM], turned) == (128 + signal.SIGTERM, "ended by SIGTERM\n")

"""``python -m tts serve``: start, mistakes, and its end by a signal."""

import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from processes import Command, command


def test_it_serves_until_a_signal_and_ends_cleanly() -> None:
    running = Command("-m", "tts", "serve", "port=0", "voices=[lj]", "workers=1")
    end = time.monotonic() + 60
    found = None
    while found is None:
        assert running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
        found = re.search(r"page: (http://127\.0\.0\.1:\d+)/", running.output())
    body = {"input": "Well, hello. " * 200, "response_format": "pcm"}
    with httpx.stream("POST", f"{found[1]}/v1/audio/speech", json=body, timeout=60) as response:
        pieces = response.iter_raw()
        next(pieces)
        running.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            b"".join(pieces)
    done = running.done(timeout=20)
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stderr.splitlines()[-1] == "ended by SIGTERM"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["voices=[bob]"], "voices=bob: there is no such voice or folder; the project has "),
        (["voices=[lj,voices/lj]"], "voices: {root}/voices/lj and voices/lj have the same name"),
        (["aliases={alloy: bob}"], "aliases.alloy=bob: no such voice; choose from lj, kathleen"),
        (["port=99999"], "port"),
        (["host=nowhere.invalid"], "cannot listen on nowhere.invalid"),
        (["wyoming_port=0", "token=a", "host=0.0.0.0"], "wyoming_port knows no token"),
        (["queue=0"], "queue"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], message: str) -> None:
    done = command("-m", "tts", "serve", "port=0", *words, code=2)
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message.format(root=Path(__file__).parents[2]) in line


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("-m", "tts", "serve", f"port={port}", code=2)
    assert f"port={port}: cannot listen on 127.0.0.1: " in done.stderr

"""``python -m tts serve``: start, mistakes, and its end by a signal."""

import re
import signal
import socket
import time
from typing import Any

import httpx
import pytest
from processes import Command, command
from server.conftest import LIMITS

from tts.errors import UserError
from tts.server.run import serve
from tts.server.settings import Loading, ServerSettings
from tts.server.voices import Voices
from tts.synthesizer import OWN_VOICE
from tts.vocoders.load import default_vocoder


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


SETTINGS = ServerSettings(
    voices=["lj"], aliases={}, host="127.0.0.1", port=0, wyoming_port=None, token=None, workers=1,
    seed=1, limits=LIMITS, loading=Loading(default_vocoder),
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"voices": ["bob"]}, "voices=bob: there is no such voice or folder; the project has "),
        ({"voices": ["lj", str(OWN_VOICE)]}, "lj have the same name"),
        ({"host": "nowhere.invalid"}, "host=nowhere.invalid: cannot listen on nowhere.invalid: "),
        ({"wyoming_port": 0, "token": "a", "host": "0.0.0.0"}, "wyoming_port knows no token"),
    ],
)
def test_a_mistake_is_one_clear_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        serve(SETTINGS._replace(**change))


def test_an_alias_names_a_voice(voices: Voices) -> None:
    with pytest.raises(UserError, match=r"aliases\.alloy=bob: no such voice; choose from lj, pair"):
        Voices(voices.voices, {"alloy": "bob"})


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("-m", "tts", "serve", f"port={port}", code=2)
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: port={port}: cannot listen on 127.0.0.1: ")

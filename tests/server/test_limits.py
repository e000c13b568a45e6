"""Limits of the server: its queue, times and sizes, and clients that leave."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from server.conftest import LIMITS, Live, Start

from tts.server.gate import Gate

LONG = {"input": "This sentence is spoken again and again. " * 80, "response_format": "pcm"}
SHORT = {"input": "Hello.", "response_format": "pcm"}


def wait_for(condition: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_full_queue_says_when_to_come_again_and_a_client_that_leaves_makes_room(
    start: Start,
) -> None:
    with start(LIMITS._replace(queue=1)) as live:
        speech = f"{live.url}/v1/audio/speech"
        with httpx.stream("POST", speech, json=LONG, timeout=60) as response:
            pieces = response.iter_raw()
            next(pieces)
            refused = httpx.post(speech, json=SHORT)
            assert refused.status_code == 503
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert refused.json()["error"]["code"] == "overloaded"
            assert httpx.get(f"{live.url}/health").json()["status"] == "busy"
            assert live.service.scheduler.busy == 1
        # the rest of the text would take many seconds
        wait_for(lambda: live.service.scheduler.busy == 0, 5)
        assert httpx.post(speech, json=SHORT, timeout=60).status_code == 200


class Slow:
    """A stream of samples that takes longer than the time limit."""

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces
        self.closed = False

    def __call__(self, *arguments: object) -> Iterator[np.ndarray]:
        try:
            for _ in range(self.pieces):
                yield np.zeros(2205, np.float32)
            for _ in range(40):
                time.sleep(0.02)
                yield np.zeros(0, np.float32)
        finally:
            self.closed = True


def test_a_request_that_takes_too_long_ends(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with start(LIMITS._replace(timeout=0.2)) as live:
        voice = live.service.voices.voices["lj"]
        slow = Slow(pieces=0)
        monkeypatch.setattr(voice, "stream", slow)
        answer = httpx.post(f"{live.url}/v1/audio/speech", json=SHORT)
        assert answer.status_code == 503
        assert answer.json()["error"]["message"] == "the request took longer than 0.2 s"
        wait_for(lambda: slow.closed)
        # a part is never taken for the whole: the connection breaks off
        monkeypatch.setattr(voice, "stream", slow := Slow(pieces=2))
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{live.url}/v1/audio/speech", json=SHORT)
        wait_for(lambda: slow.closed)
        assert live.service.scheduler.busy == 0


@pytest.mark.parametrize(
    ("content", "kind", "status", "message"),
    [
        (b"{", "application/json", 400, "the body is not JSON"),
        (b"hello", "text/plain", 400, "send a JSON object with content-type: application/json"),
        (b"[1]", "application/json", 400, "send a JSON object"),
        (b" " * (2**20 + 1), "application/json", 413, "the body is larger than 1 MiB"),
        (b'{"voice": "lj"}', "application/json", 400, "input: Field required"),
        (b'{"input": "\xff"}', "application/json", 400, "the body is not utf-8 at byte 11"),
        (b"[" * 100_000, "application/json", 400, "the body is nested too deeply"),
    ],
)
def test_a_body_that_is_none(
    live: Live, content: bytes, kind: str, status: int, message: str
) -> None:
    answer = httpx.post(
        f"{live.url}/v1/audio/speech", content=content, headers={"Content-Type": kind}
    )
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


def test_other_paths_and_methods(live: Live) -> None:
    assert httpx.get(f"{live.url}/none").json()["error"]["message"] == "there is no such page"
    assert httpx.get(f"{live.url}/page/../app.py").status_code == 404
    assert httpx.get(f"{live.url}/v1/audio/speech").status_code == 405
    assert httpx.get(f"{live.url}/v1/models/gpt").json()["error"]["code"] == "not_found"


def test_a_bug_is_an_error_of_the_server(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> Iterator[np.ndarray]:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(live.service.voices.voices["lj"], "stream", broken)
    answer = httpx.post(f"{live.url}/v1/audio/speech", json=SHORT)
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_a_body_has_to_arrive_in_time() -> None:
    async def never() -> dict[str, Any]:
        await asyncio.sleep(10)
        raise AssertionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    scope = {"type": "http", "path": "/v1/speech", "headers": []}
    asyncio.run(Gate(app, None, 100, seconds=0.01)(scope, never, send))
    assert sent[0]["status"] == 408
    assert b"the body did not arrive within 0.01 s" in sent[1]["body"]

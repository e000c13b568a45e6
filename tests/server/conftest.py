"""A server in this process, with a shipped voice and a tiny one of two speakers and languages."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from fakes import model_factory
from models.assemble import config, facts

from tts.server.app import Service
from tts.server.http_server import HttpServer
from tts.server.run import listen
from tts.server.scheduler import Scheduler
from tts.server.settings import Limits
from tts.server.voices import Voices
from tts.synthesizer import OWN_VOICE, Synthesizer
from tts.text.frontend import Frontend
from tts.text.symbols import SYMBOLS
from tts.vocoders.vocos import Vocos

LIMITS = Limits(queue=8, max_characters=4096, max_body=2**20, timeout=60)


class Live(NamedTuple):
    url: str
    service: Service


Start = Callable[..., AbstractContextManager[Live]]


@pytest.fixture(scope="session")
def voices() -> Voices:
    pair = replace(facts(speakers=2, languages=2), symbols=SYMBOLS, speaker_languages=(0, 1))
    torch.manual_seed(0)
    model = model_factory(config("model/style=reference"))(facts=pair)
    tiny = Synthesizer(model, Vocos(pair.contract, 16, 32, 2), Frontend(), pair)
    return Voices({"lj": Synthesizer.load(OWN_VOICE), "pair": tiny}, {"alloy": "lj"})


@pytest.fixture(scope="session")
def start(voices: Voices) -> Start:
    """Return what starts a server for a ``with`` block."""

    @contextlib.contextmanager
    def starting(
        limits: Limits = LIMITS, token: str | None = None, workers: int = 2
    ) -> Iterator[Live]:
        scheduler = Scheduler(workers, limits.queue)
        service = Service(voices, scheduler, limits, seed=1)
        server = HttpServer(service, token)
        with listen("127.0.0.1", 0, "port") as listening:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                yield Live(f"http://127.0.0.1:{port_of(listening)}", service)
            finally:
                server.should_exit = True
                thread.join()
                scheduler.close()

    return starting


@pytest.fixture(scope="module")
def live(start: Start) -> Iterator[Live]:
    with start() as running:
        yield running


def port_of(listening: socket.socket) -> int:
    port = listening.getsockname()[1]
    assert isinstance(port, int)
    return port

"""Serve command: load the voices, listen, and end cleanly on a signal."""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator

import torch

from tts.errors import UserError
from tts.server.app import Service
from tts.server.http_server import HttpServer
from tts.server.scheduler import Scheduler
from tts.server.settings import ServerSettings
from tts.server.voices import Voices, load_voices
from tts.server.wyoming_protocol import require_wyoming, start_wyoming


def serve(settings: ServerSettings) -> None:
    """Serve until a signal. Raises UserError for a voice or a port that cannot be had."""
    with contextlib.ExitStack() as stack:
        http = stack.enter_context(listen(settings.host, settings.port, "port"))
        wyoming = None
        if settings.wyoming_port is not None:
            require_wyoming()
            if settings.token is not None and not is_loopback(settings.host):
                raise UserError(
                    "wyoming_port knows no token: leave out one of them, or host=127.0.0.1"
                )
            wyoming = stack.enter_context(
                listen(settings.host, settings.wyoming_port, "wyoming_port")
            )
        voices = Voices(load_voices(settings.voices, settings.loading), settings.aliases)
        share_threads(settings.workers)
        scheduler = Scheduler(settings.workers, settings.limits.queue)
        stack.callback(scheduler.close)
        service = Service(voices, scheduler, settings.limits, settings.seed)
        warm_up(voices)
        _announce(settings, voices, http, wyoming)
        server = HttpServer(service, settings.token)
        asyncio.run(_run(server, http, wyoming, service))
    server.pass_signal_on()


@contextlib.contextmanager
def listen(host: str, port: int, key: str) -> Iterator[socket.socket]:
    """Yield a listening socket. Raises UserError where the address or the port cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        unknown = isinstance(error, socket.gaierror)
        of_host = unknown or error.errno == errno.EADDRNOTAVAIL
        option = f"host={host}" if of_host else f"{key}={port}"
        # what create_server says repeats the address
        reason = error.strerror if unknown or not error.errno else os.strerror(error.errno)
        raise UserError(f"{option}: cannot listen on {host}: {reason}; choose another") from error
    with bound:
        yield bound


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def share_threads(workers: int) -> None:
    """Share torch's CPU threads among ``workers``."""
    torch.set_num_threads(max(1, torch.get_num_threads() // workers))


def warm_up(voices: Voices) -> None:
    """Speak a word with each voice: the first speech of a process takes longer."""
    for voice in voices.voices.values():
        with contextlib.suppress(UserError):  # another script, or a style to copy
            voice.speak("one", seed=0)


async def _run(
    server: HttpServer, http: socket.socket, wyoming: socket.socket | None, service: Service
) -> None:
    adapter = None if wyoming is None else await start_wyoming(service, wyoming)
    try:
        await server.serve(sockets=[http])
    finally:
        if adapter is not None:
            adapter.close()


def _announce(
    settings: ServerSettings, voices: Voices, http: socket.socket, wyoming: socket.socket | None
) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    port = http.getsockname()[1]
    if settings.token is None and not is_loopback(settings.host):
        print(
            f"host={settings.host}: everybody who reaches this machine can use the server; set "
            "token=... to change that",
            file=sys.stderr,
        )
    print(f"voices: {', '.join(voices.voices)}")
    print(f"page: http://{host}:{port}/  API: http://{host}:{port}/docs")
    if wyoming is not None:
        print(f"Wyoming: tcp://{host}:{wyoming.getsockname()[1]}")
    print("Ctrl-C ends the server", flush=True)

"""Wyoming protocol, which Home Assistant and its satellites use: a small adapter.

https://github.com/OHF-Voice/wyoming. It has no token, so it is for a network that you trust.
"""

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tts.controls import NEUTRAL
from tts.errors import UserError
from tts.project_files import DISTRIBUTION, install_advice
from tts.server.app import Service
from tts.server.encoding import to_int16
from tts.server.errors import RequestError
from tts.server.scheduler import Piece, QueueFullError
from tts.server.speaking import Task, Utterance

if TYPE_CHECKING:
    from wyoming.event import Event
    from wyoming.info import Info
    from wyoming.tts import Synthesize

LINE = 2**20  # bytes of one event


def require_wyoming() -> None:
    """Raise UserError where the package wyoming is missing."""
    if importlib.util.find_spec("wyoming") is None:
        raise UserError(
            f"wyoming_port needs the package wyoming: run `{install_advice('wyoming')}`"
        )


async def start_wyoming(service: Service, listening: socket.socket) -> asyncio.Server:
    """Answer Wyoming clients on a socket, until the returned server is closed."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            while (event := await _read(reader)) is not None:
                await _answer(service, event, writer)

    return await asyncio.start_server(connected, sock=listening, limit=LINE)


async def _read(reader: asyncio.StreamReader) -> "Event | None":
    """Return the next event; None at the end, and for bytes that are no event."""
    from wyoming.event import async_read_event

    with contextlib.suppress(EOFError, ValueError, KeyError, TypeError, AttributeError):
        return await async_read_event(reader)
    return None


async def _answer(service: Service, event: "Event", writer: asyncio.StreamWriter) -> None:
    from wyoming.error import Error
    from wyoming.event import async_write_event
    from wyoming.info import Describe
    from wyoming.tts import Synthesize

    if Describe.is_type(event.type):
        await async_write_event(_info(service).event(), writer)
    elif Synthesize.is_type(event.type):
        try:
            async with asyncio.timeout(service.limits.timeout):
                await _speak(service, _request(event), writer)
        except (UserError, QueueFullError, RequestError) as error:
            await async_write_event(Error(str(error)).event(), writer)


def _request(event: "Event") -> "Synthesize":
    """Return the request of an event. Raises UserError for one with values of other types."""
    from wyoming.tts import Synthesize

    with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
        request = Synthesize.from_event(event)
        voice = request.voice
        names = () if voice is None else (voice.name, voice.speaker, voice.language)
        if isinstance(request.text, str) and all(isinstance(n, str | None) for n in names):
            return request
    raise UserError("synthesize: expected a text, and names of a voice, speaker and language")


async def _speak(service: Service, request: "Synthesize", writer: asyncio.StreamWriter) -> None:
    """Send the audio of one request."""
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.event import async_write_event

    task = _task(service, request)
    form = {"rate": task.voice.sample_rate, "width": 2, "channels": 1}
    job = service.scheduler.submit(_samples(task))
    try:
        piece = await job.next()
        await async_write_event(AudioStart(**form).event(), writer)
        while piece is not None:
            await async_write_event(AudioChunk(audio=piece.data, **form).event(), writer)
            piece = await job.next()
        await async_write_event(AudioStop().event(), writer)
    finally:
        job.cancel()


def _task(service: Service, request: "Synthesize") -> Task:
    service.require_length(len(request.text))
    name = speaker = language = None
    if request.voice is not None:
        name, speaker, language = (
            request.voice.name, request.voice.speaker, request.voice.language,
        )  # fmt: skip
    found = service.voices.find(name)
    if language not in found.voice.facts.languages:  # Home Assistant's en_US, for one
        language = None
    text = [Utterance(request.text, NEUTRAL)]
    return Task(found.voice, text, speaker or found.speaker, language, service.seed)


def _samples(task: Task) -> Iterator[Piece]:
    [utterance] = task.utterances
    for wave in task.voice.stream(
        utterance.text, task.speaker, task.language, None, utterance.controls, task.seed
    ):
        yield Piece(to_int16(wave), len(wave) / task.voice.sample_rate)


def _info(service: Service) -> "Info":
    from wyoming.info import Attribution, Info, TtsProgram, TtsVoice, TtsVoiceSpeaker

    author = Attribution(DISTRIBUTION, "")
    version = importlib.metadata.version(DISTRIBUTION)
    voices = [
        TtsVoice(
            name, author, True, name, version, list(voice.facts.languages),
            [TtsVoiceSpeaker(speaker) for speaker in voice.facts.speakers],
        )
        for name, voice in service.voices.voices.items()
    ]  # fmt: skip
    program = TtsProgram(DISTRIBUTION, author, True, "Speech of PyTorch models", version, voices)
    return Info(tts=[program])

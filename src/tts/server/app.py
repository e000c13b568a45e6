"""The HTTP application: OpenAI's speech endpoint, the project's own, and the page."""

import importlib.metadata
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from tts.controls import SynthesisControls
from tts.project_files import DISTRIBUTION
from tts.server.encoding import MEDIA_TYPES, make_encoder
from tts.server.errors import RequestError, add_error_handlers, describe_failure
from tts.server.gate import Gate
from tts.server.pages import page_routes
from tts.server.requests import OpenAISpeech, SpeechBody, TimingsBody, VoiceId
from tts.server.responses import JobResponse
from tts.server.scheduler import Piece, Scheduler
from tts.server.settings import Limits
from tts.server.speaking import (
    Task,
    Utterance,
    decoded,
    encoded_speech,
    json_line,
    make_task,
    prosody,
    speech_lines,
    timings,
)  # fmt: skip
from tts.server.voices import Voices

MODEL = DISTRIBUTION  # the one name of /v1/models
TEXT_TYPES = {
    "json": "application/json", "srt": "application/x-subrip", "vtt": "text/vtt",
    "textgrid": "text/plain",
}  # fmt: skip
AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}
}


class Service:
    """What the endpoints share."""

    def __init__(self, voices: Voices, scheduler: Scheduler, limits: Limits, seed: int) -> None:
        self.voices, self.scheduler, self.limits, self.seed = voices, scheduler, limits, seed

    def task(self, body: SpeechBody) -> Task:
        """Return a checked task. Raises RequestError or UserError for what cannot be spoken."""
        if (body.input is None) == (body.sentences is None):
            raise RequestError(400, "give either input or sentences", "invalid_body", "input")
        texts = [body.input or "", *(sentence.text for sentence in body.sentences or ())]
        self.require_length(sum(map(len, texts)))
        return make_task(body, self.voices.find(name_of(body.voice)), self.seed)

    def require_length(self, characters: int) -> None:
        if characters > (most := self.limits.max_characters):
            message = f"input has {characters:,} characters; at most {most:,} are spoken"
            raise RequestError(400, message, "string_above_max_length", "input")

    def run(self, steps: Iterator[Piece], media_type: str) -> JobResponse:
        """Return the response of a piece of work. Raises QueueFullError."""
        return JobResponse(self.scheduler.submit(steps), self.limits.timeout, media_type)


def create_app(service: Service, token: str | None = None) -> FastAPI:
    """Return the ASGI application."""
    app = FastAPI(
        title="lightning-tts",
        version=importlib.metadata.version(DISTRIBUTION),
        docs_url=None,  # they load scripts from the network; /docs is a page of ours
        redoc_url=None,
    )
    app.add_middleware(Gate, token=token, max_body=service.limits.max_body)
    add_error_handlers(app)
    app.include_router(page_routes())
    app.include_router(_information(service))
    app.include_router(_openai(service))
    app.include_router(_own(service))
    return app


def name_of(voice: str | VoiceId | None) -> str | None:
    return voice.id if isinstance(voice, VoiceId) else voice


def _controls_of(body: OpenAISpeech) -> SynthesisControls:
    """Return the controls of a request. Raises UserError for values that no voice accepts."""
    if body.speed != 1 and body.controls.get("rate") is not None:
        raise RequestError(400, "speed and controls.rate are one: leave one out", "invalid_body")
    return SynthesisControls.parse({"rate": body.speed, **body.controls})


def _information(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/health", tags=["server"])
    async def health() -> dict[str, object]:
        """Whether the server works, and how much it has to do."""
        busy, places = service.scheduler.busy, service.scheduler.queue
        status = "ok" if busy < places else "busy"
        return {
            "status": status,
            "busy": busy,
            "queue": places,
            "max_characters": service.limits.max_characters,
            "voices": [*service.voices.voices],
        }

    @router.get("/v1/voices", tags=["speech"])
    async def voices() -> dict[str, object]:
        """The voices, their speakers, languages and controls."""
        return {"object": "list", "data": service.voices.describe()}

    def model() -> dict[str, object]:
        return {"id": MODEL, "object": "model", "created": 0, "owned_by": DISTRIBUTION}

    @router.get("/v1/models", tags=["openai"])
    async def models() -> dict[str, object]:
        """The one model; requests may name any other."""
        return {"object": "list", "data": [model()]}

    @router.get("/v1/models/{name}", tags=["openai"])
    async def one_model(name: str) -> dict[str, object]:
        """A model by its name."""
        if name != MODEL:
            raise RequestError(404, f"the model {name!r} is unknown; it is {MODEL}", "not_found")
        return model()

    return router


def _openai(service: Service) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/audio/speech", tags=["openai"], responses=AUDIO, response_class=Response)
    async def speech(body: OpenAISpeech) -> Response:
        """Speech as an audio file, streamed while it is synthesized."""
        service.require_length(len(body.input))
        found = service.voices.find(name_of(body.voice))
        encoder = make_encoder(body.response_format, found.voice.sample_rate)
        as_events = body.stream_format == "sse"
        task = Task(
            found.voice,
            [Utterance(body.input, _controls_of(body))],
            body.speaker or found.speaker,
            body.language,
            service.seed if body.seed is None else body.seed,
            decoded(body.reference),
        )
        media_type = "text/event-stream" if as_events else MEDIA_TYPES[body.response_format]
        return service.run(encoded_speech(task, encoder, as_events), media_type)

    return router


def _own(service: Service) -> APIRouter:
    router = APIRouter(tags=["speech"])

    @router.post("/v1/speech", response_class=Response)
    async def speech(body: SpeechBody) -> Response:
        """Speech with its prosody, mel and word times, as a stream of JSON lines."""
        response = service.run(speech_lines(service.task(body)), "application/x-ndjson")
        response.fail = lambda error: json_line({"type": "error", "error": describe_failure(error)})
        return response

    @router.post("/v1/prosody", response_class=Response)
    async def predicted(body: SpeechBody) -> Response:
        """Phonemes with their predicted seconds, pitch in Hz and energy in dB, without audio."""
        return service.run(prosody(service.task(body)), "application/json")

    @router.post("/v1/timings", response_class=Response)
    async def times(body: TimingsBody) -> Response:
        """When sentences, words and phones are spoken: json, srt, vtt or textgrid."""
        return service.run(timings(service.task(body), body.format), TEXT_TYPES[body.format])

    return router

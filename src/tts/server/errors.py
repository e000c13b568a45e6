"""Errors in OpenAI's form: ``{"error": {"message", "type", "param", "code"}}``."""

import logging
from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tts.errors import UserError
from tts.server.requests import MISPLACED
from tts.server.scheduler import QueueFullError
from tts.server.voices import UnknownVoiceError

log = logging.getLogger(__name__)


class RequestError(Exception):
    """A request that the server refuses."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


class _Problem(NamedTuple):
    status: int
    message: str
    param: str | None = None
    code: str | None = None
    headers: dict[str, str] | None = None


def error_response(error: Exception) -> Response:
    """Return the response to an exception. One that is no mistake of the client is logged."""
    problem = _problem(error)
    kind = "invalid_request_error" if problem.status < 500 else "server_error"
    content = {"error": error_content(problem.message, kind, problem.param, problem.code)}
    return JSONResponse(content, problem.status, problem.headers)


def error_content(
    message: str, kind: str, param: str | None = None, code: str | None = None
) -> dict[str, str | None]:
    return {"message": message, "type": kind, "param": param, "code": code}


def describe_failure(error: Exception) -> dict[str, str | None]:
    """Return the content of an error that ends a response which has begun."""
    problem = _problem(error)
    return error_content(problem.message, "server_error", problem.param, problem.code)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception of ``app`` in OpenAI's form."""

    async def handle(request: Request, error: Exception) -> Response:
        return error_response(error)

    for kind in (RequestValidationError, HTTPException, UserError, QueueFullError, RequestError):
        app.add_exception_handler(kind, handle)
    app.add_exception_handler(Exception, handle)


def _problem(error: Exception) -> _Problem:
    if isinstance(error, RequestError):
        return _Problem(error.status, str(error), error.param, error.code)
    if isinstance(error, QueueFullError):
        wait = {"Retry-After": str(error.retry_after)}
        return _Problem(503, f"the server is busy: {error}", None, "overloaded", wait)
    if isinstance(error, UnknownVoiceError):
        return _Problem(400, str(error), "voice", "unknown_voice")
    if isinstance(error, UserError):
        return _Problem(400, str(error))
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException) and error.__cause__ is not None:
        return _unreadable(error.__cause__, error)
    if isinstance(error, HTTPException):
        message = {404: "there is no such page", 405: "this page takes another method"}
        text = message.get(error.status_code, str(error.detail))
        headers = dict(error.headers) if error.headers else None
        return _Problem(error.status_code, text, headers=headers)
    log.error("a request failed", exc_info=error)
    return _Problem(500, "the server failed; its log says why")


def _unreadable(cause: BaseException, error: HTTPException) -> _Problem:
    """Return what is wrong with a body that could not be parsed, by the ``cause``."""
    if isinstance(cause, UnicodeDecodeError):
        return _Problem(400, f"the body is not {cause.encoding} at byte {cause.start}: send UTF-8")
    if isinstance(cause, RecursionError):
        return _Problem(400, "the body is nested too deeply")
    return _Problem(error.status_code, str(error.detail))


def _invalid(error: RequestValidationError) -> _Problem:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _Problem(400, f"the body is not JSON: {first['ctx']['error']}")
    place = [str(part) for part in first["loc"] if part != "body"]
    if first["type"] == MISPLACED:
        place.append(first["ctx"]["control"])
    param = ".".join(place) or None
    message = str(first["msg"])
    if param is None:
        message = f"{message}: send a JSON object with content-type: application/json"
    return _Problem(400, f"{param}: {message}" if param else message, param)

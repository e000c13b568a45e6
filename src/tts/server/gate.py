"""ASGI middleware before every request: its token, the size of its body, the time to send it."""

import asyncio
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tts.server.errors import RequestError, error_response

BODY_SECONDS = 30.0  # for a client to send its body
OPEN = ("/", "/health", "/docs", "/openapi.json", "/page/")  # no secrets: without a token


class Gate:
    """Refuses a request without ``token`` (None: all may come) or with more than ``max_body``."""

    def __init__(
        self, app: ASGIApp, token: str | None, max_body: int, seconds: float = BODY_SECONDS
    ) -> None:
        self._app, self._max_body, self._seconds = app, max_body, seconds
        self._token = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._require_token(scope)
            body = await self._body(scope, receive)
        except RequestError as error:
            await error_response(error)(scope, receive, send)
            return
        if body is None:  # the client has gone
            return
        await self._app(scope, _replay(body, receive), send)

    def _require_token(self, scope: Scope) -> None:
        path = scope["path"]
        if self._token is None or any(
            path == name or (len(name) > 1 and name.endswith("/") and path.startswith(name))
            for name in OPEN
        ):
            return
        given = Headers(scope=scope).get("authorization", "")
        if not hmac.compare_digest(given.encode(), self._token):
            raise RequestError(
                401, "the token is missing or wrong: send Authorization: Bearer TOKEN",
                "invalid_api_key",
            )  # fmt: skip

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Read the whole body, within the limits; None where the client leaves."""
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > self._max_body:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._max_body:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise RequestError(
                408, f"the body did not arrive within {self._seconds:g} s", "body_timeout"
            ) from error

    def _too_large(self) -> RequestError:
        return RequestError(
            413, f"the body is larger than {self._max_body / 2**20:g} MiB", "body_too_large"
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body once more, and then what follows it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again

"""Responses that send a job's pieces while they are made."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tts.server.errors import RequestError, error_response
from tts.server.scheduler import Job, Piece

log = logging.getLogger(__name__)


class JobResponse(Response):
    """Sends the pieces of ``job``; cancels it where the client leaves or ``timeout`` is over.

    An error before the first byte gives a response of its own. Behind it, ``fail(error)`` ends the
    response; without ``fail`` the connection breaks off, so that no client takes a part for all.
    """

    def __init__(
        self,
        job: Job,
        timeout: float,
        media_type: str,
        fail: Callable[[Exception], bytes] | None = None,
    ) -> None:
        super().__init__(None, media_type=media_type)
        self._job, self._timeout, self.fail = job, timeout, fail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(scope, receive, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the server ends
            log.error("a response broke off: the server ends")
        finally:
            self._job.cancel()
            for task in (sending, leaving):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        try:
            async with asyncio.timeout(self._timeout):
                while (piece := await self._job.next()) is not None:
                    if not started and piece.data:
                        await self._start(send)
                        started = True
                    if piece.data:
                        await _send_body(send, piece)
                if not started:
                    await self._start(send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            limit = f"the request took longer than {self._timeout:g} s"
            await self._end(RequestError(503, limit, "timeout"), started, scope, receive, send)
        except OSError:  # the client has gone
            return
        except Exception as error:
            await self._end(error, started, scope, receive, send)

    async def _start(self, send: Send) -> None:
        milliseconds = (time.monotonic() - self._job.began) * 1000
        self.init_headers(
            {
                "Server-Timing": f"first-sound;dur={milliseconds:.1f}",
                "X-First-Sound": f"{milliseconds / 1000:.4f}",
                "Cache-Control": "no-store",
            }
        )
        headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _end(
        self, error: Exception, started: bool, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not started:
            await error_response(error)(scope, receive, send)
        elif self.fail is not None:
            body = self.fail(error)
            await send({"type": "http.response.body", "body": body, "more_body": False})
        else:
            log.error("a response broke off: %s", error)


async def _send_body(send: Send, piece: Piece) -> None:
    await send({"type": "http.response.body", "body": piece.data, "more_body": True})


async def _left(receive: Receive) -> None:
    """Return when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass

"""uvicorn's server with the project's handling of signals."""

import contextlib
import signal
import threading
from collections.abc import Iterator

import uvicorn

from tts.child_processes import STOP_SIGNALS
from tts.server.app import Service, create_app
from tts.signals import Stopped

# within tts.signals.GRACE, at whose end the process ends anyway
FINISHING = 2  # seconds for requests in progress after a signal
KEEP_ALIVE = 60  # seconds an idle connection stays open
CONNECTIONS = 8  # open connections per place in the queue


class HttpServer(uvicorn.Server):
    """Serves until a signal or ``should_exit``."""

    def __init__(self, service: Service, token: str | None = None) -> None:
        config = uvicorn.Config(
            create_app(service, token),
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=FINISHING,
            limit_concurrency=CONNECTIONS * service.limits.queue,
        )
        super().__init__(config)
        self.signum = 0  # the signal that ended it

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on a signal inside the block.

        uvicorn's own sends the signal once more at the end, and a second one ends the process.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {signum: signal.signal(signum, self._end) for signum in STOP_SIGNALS}
        try:
            yield
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)

    def pass_signal_on(self) -> None:
        """Do what the signal does that ended the server, if one did."""
        if not self.signum:
            return
        handler = signal.getsignal(self.signum)
        if callable(handler):
            handler(self.signum, None)
        raise Stopped(self.signum)

    def _end(self, signum: int, frame: object) -> None:
        self.signum = self.signum or signum
        self.should_exit = True

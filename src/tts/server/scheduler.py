"""Scheduler of synthesis: worker threads that take turns on many requests, piece by piece.

The request whose listener runs out of sound first gets the next worker (earliest deadline first):
a long text does not delay the first sound of those behind it, and none of them starves.
"""

import asyncio
import heapq
import itertools
import logging
import math
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

log = logging.getLogger(__name__)
AHEAD = 16  # pieces that wait for a slow client; then its request pauses
RETRY = (1, 60)  # seconds that a refused client is asked to wait


class Piece(NamedTuple):
    """A part of a response."""

    data: bytes
    seconds: float = 0.0  # of audio in it


class QueueFullError(Exception):
    """As many requests are in progress as the server takes."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"all places are taken; try again in {retry_after} s")
        self.retry_after = retry_after  # seconds


class Job:
    """A request in progress, which yields its pieces to one task of the event loop."""

    def __init__(self, scheduler: "Scheduler", steps: Iterator[Piece]) -> None:
        self.steps = steps
        self.began = self.deadline = time.monotonic()
        self.unread = 0  # pieces
        self.running = self.done = self.canceled = False
        self._scheduler = scheduler
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[Piece | Exception | None] = asyncio.Queue()

    async def next(self) -> Piece | None:
        """Return the next piece, None behind the last. Raises what the synthesis raised."""
        arrived = await self._arrived.get()
        if isinstance(arrived, Exception):
            raise arrived
        self._scheduler.taken(self)
        return arrived

    def cancel(self) -> None:
        """Stop the work, at the latest after the piece that is being made; idempotent."""
        self._scheduler.cancel(self)

    def deliver(self, item: Piece | Exception | None) -> None:
        """Hand a piece, an error or the end to the event loop; for worker threads."""
        try:
            self._loop.call_soon_threadsafe(self._arrived.put_nowait, item)
        except RuntimeError:  # the loop is closed: nobody listens
            self.canceled = True


class Scheduler:
    """``workers`` threads and places for ``queue`` requests, waiting ones included."""

    def __init__(self, workers: int, queue: int) -> None:
        self.queue = queue
        self._changed = threading.Condition()
        self._ready: list[tuple[float, int, Job]] = []  # heap by deadline
        self._jobs: set[Job] = set()
        self._numbers = itertools.count()
        self._mean_seconds = 1.0  # of work of a request
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"synthesis-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> int:
        """Requests in progress."""
        return len(self._jobs)

    @property
    def workers(self) -> int:
        return len(self._threads)

    def submit(self, steps: Iterator[Piece]) -> Job:
        """Start a request, in the running event loop. Raises QueueFullError."""
        with self._changed:
            if self._closed or len(self._jobs) >= self.queue:
                waiting = self._mean_seconds * len(self._jobs) / self.workers
                raise QueueFullError(min(max(math.ceil(waiting), RETRY[0]), RETRY[1]))
            job = Job(self, steps)
            self._jobs.add(job)
            self._push(job)
        return job

    def taken(self, job: Job) -> None:
        """Go on with a job that paused, now that its client has read a piece."""
        with self._changed:
            job.unread -= 1
            if job.unread == AHEAD - 1 and job in self._jobs and not job.running:
                self._push(job)

    def cancel(self, job: Job) -> None:
        with self._changed:
            job.canceled = True
            if job.running or job.done:  # its worker ends it
                return
            self._ready = [entry for entry in self._ready if entry[2] is not job]
            heapq.heapify(self._ready)
            self._forget(job)
        _close(job.steps)

    def close(self) -> None:
        """End all jobs and threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        for thread in self._threads:
            thread.join()

    def _push(self, job: Job) -> None:
        heapq.heappush(self._ready, (job.deadline, next(self._numbers), job))
        self._changed.notify()

    def _forget(self, job: Job) -> None:
        job.done = True
        self._jobs.discard(job)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ready and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = heapq.heappop(self._ready)[2]
                job.running = True
            self._step(job)

    def _step(self, job: Job) -> None:
        """Make one piece of a job."""
        result: Piece | Exception | None
        try:
            result = next(job.steps, None)
        except Exception as error:
            result = error
        with self._changed:
            job.running = False
            if isinstance(result, Piece) and not job.canceled:
                job.deliver(result)
                job.deadline += result.seconds
                job.unread += 1
                if job.unread < AHEAD:
                    self._push(job)
                return
            if result is None:
                seconds = time.monotonic() - job.began
                self._mean_seconds += 0.1 * (seconds / max(self.busy, 1) - self._mean_seconds)
            self._forget(job)
        _close(job.steps)
        if not job.canceled:
            job.deliver(result if not isinstance(result, Piece) else None)


def _close(steps: Iterator[Piece]) -> None:
    """Run the ``finally`` blocks of a generator."""
    close = getattr(steps, "close", None)
    if close is not None:
        close()

"""Laws of the scheduler: turns by need, pauses for slow clients, an end for those that leave."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from tts.server.scheduler import AHEAD, Job, Piece, QueueFullError, Scheduler


def numbers(count: int, log: list[str], name: str = "") -> Iterator[Piece]:
    try:
        for number in range(count):
            log.append(f"{name}{number}")
            yield Piece(str(number).encode(), seconds=1.0)
    finally:
        log.append(f"{name}end")


async def read(job: Job) -> bytes:
    content = b""
    while (piece := await job.next()) is not None:
        content += piece.data
    return content


def test_a_long_job_does_not_delay_the_first_piece_of_a_short_one() -> None:
    log: list[str] = []
    started, go = threading.Event(), threading.Event()

    def long() -> Iterator[Piece]:
        for piece in numbers(10, log, "long "):
            started.set()
            go.wait(10)
            yield piece

    async def both() -> tuple[bytes, bytes]:
        scheduler = Scheduler(workers=1, queue=2)
        first = scheduler.submit(long())
        await asyncio.to_thread(started.wait, 10)
        second = scheduler.submit(numbers(2, log, "short "))
        go.set()
        with pytest.raises(QueueFullError):
            scheduler.submit(iter(()))
        results = await read(first), await read(second)
        scheduler.close()
        return results

    assert asyncio.run(both()) == (b"0123456789", b"01")
    assert log.index("short 0") == 1, log
    assert log.index("short 1") < log.index("long 3"), "the listener of both needs its second"


def test_work_pauses_for_a_client_that_does_not_read() -> None:
    log: list[str] = []

    async def reading() -> None:
        scheduler = Scheduler(workers=2, queue=1)
        job = scheduler.submit(numbers(3 * AHEAD, log))
        while len(log) < AHEAD:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert len(log) == AHEAD
        await job.next()
        while len(log) < AHEAD + 1:
            await asyncio.sleep(0.01)
        assert len(await read(job)) > 3 * AHEAD - 1
        scheduler.close()

    asyncio.run(reading())
    assert log.count("end") == 1


def test_a_canceled_job_ends_and_leaves_its_place() -> None:
    log: list[str] = []

    async def leaving() -> None:
        scheduler = Scheduler(workers=1, queue=1)
        for _ in range(3):
            job = scheduler.submit(numbers(10**6, log))
            await job.next()
            job.cancel()
            job.cancel()
            while scheduler.busy:
                await asyncio.sleep(0.001)
        scheduler.close()
        with pytest.raises(QueueFullError):
            scheduler.submit(iter(()))

    asyncio.run(leaving())
    assert log.count("end") == 3


def test_an_error_arrives_behind_the_pieces_before_it() -> None:
    def broken() -> Iterator[Piece]:
        yield Piece(b"a")
        raise ValueError("broken")

    async def reading() -> None:
        scheduler = Scheduler(workers=1, queue=1)
        job = scheduler.submit(broken())
        assert await job.next() == Piece(b"a")
        with pytest.raises(ValueError, match="broken"):
            await job.next()
        scheduler.close()

    began = time.monotonic()
    asyncio.run(reading())
    assert time.monotonic() - began < 10

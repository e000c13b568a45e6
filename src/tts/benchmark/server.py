"""Load of the server: clients that ask for one sentence after another; none may be lost."""

import contextlib
import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tts.benchmark.report import Goal, Section
from tts.child_processes import announced_parent
from tts.errors import UserError

RATE = 24000  # Hz of the format pcm, two bytes a sample
WARM_UP = 0.1  # share of the time at whose end the memory is read first
LONGEST = 120.0  # seconds that a client waits


class ServerRow(NamedTuple):
    clients: int
    requests: int
    lost: int
    first_sound_p50_ms: float
    first_sound_p95_ms: float
    first_sound_p99_ms: float
    whole_p50_ms: float
    whole_p95_ms: float
    whole_p99_ms: float
    audio_s_per_s: float  # of all clients together
    audio_s_per_cpu_s: float | None  # of the server's CPU time (Linux only)
    memory_mb: float | None  # of the server after the warm-up (Linux only)
    memory_at_the_end_mb: float | None


class Answer(NamedTuple):
    """One request; ``first`` and ``whole`` are NaN where it was lost."""

    first: float  # seconds to the first audio
    whole: float  # seconds to the last
    audio: float  # seconds of speech


def benchmark_server(
    clients: Sequence[int],
    seconds: float,
    voices: Sequence[str],
    texts: Collection[str],
    workers: int = 1,
) -> Section:
    """Run ``python -m tts serve`` and ask it for ``seconds`` with each number of clients.

    Every client asks anew as soon as it has its answer. Raises UserError where it does not start.
    """
    rows = []
    with _server(voices, workers, max(clients)) as (process, port):
        names = itertools.cycle(Path(voice).name for voice in voices)
        for count in clients:
            bodies = [
                json.dumps({"input": text, "voice": next(names), "response_format": "pcm"})
                for text in texts
            ]
            rows.append(_row(process.pid, port, count, seconds, bodies))
    most = rows[-1]
    goals = [Goal("lost requests", float(sum(row.lost for row in rows)), 0.0)]
    if most.memory_mb and most.memory_at_the_end_mb:
        growth = most.memory_at_the_end_mb / most.memory_mb
        goals.append(Goal(f"memory's growth with {most.clients} clients", growth, 1.1))
    title = f"Server: clients that ask without a pause, {seconds:g} s each"
    return Section("server", title, rows, goals)


def _row(pid: int, port: int, clients: int, seconds: float, bodies: Sequence[str]) -> ServerRow:
    answers: list[Answer] = []
    began, cpu = time.monotonic(), _cpu_seconds(pid)
    end = began + seconds
    threads = [
        threading.Thread(target=_ask, args=(port, end, [*bodies[number:], *bodies], answers))
        for number in (n * len(bodies) // clients for n in range(clients))
    ]
    for thread in threads:
        thread.start()
    time.sleep(WARM_UP * seconds)
    before = _memory(pid)
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    spent = _cpu_seconds(pid)
    lost = sum(np.isnan(answer.whole) for answer in answers)
    audio = sum(answer.audio for answer in answers)
    first, whole = (
        np.nanpercentile([1000 * answer[column] for answer in answers], (50, 95, 99)).tolist()
        for column in (0, 1)
    )
    of_cpu = None if cpu is None or spent is None else audio / (spent - cpu)
    numbers = (clients, len(answers), int(lost), *first, *whole, audio / took, of_cpu)
    return ServerRow._make((*numbers, before, _memory(pid)))


def _ask(port: int, end: float, bodies: Sequence[str], answers: list[Answer]) -> None:
    """Ask for one text after another until ``end``; for a thread."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    for body in itertools.cycle(bodies):
        if time.monotonic() >= end:
            break
        try:
            answers.append(_answer(connection, body))
        except (OSError, http.client.HTTPException):
            answers.append(Answer(np.nan, np.nan, 0.0))
            connection.close()
    connection.close()


def _answer(connection: http.client.HTTPConnection, body: str) -> Answer:
    began = time.monotonic()
    connection.request(
        "POST", "/v1/audio/speech", body.encode(), {"Content-Type": "application/json"}
    )
    response = connection.getresponse()
    first = response.read(1)
    heard = time.monotonic()
    rest = response.read()
    if response.status != 200 or not first:
        raise http.client.HTTPException(f"status {response.status}")
    return Answer(heard - began, time.monotonic() - began, (1 + len(rest)) / 2 / RATE)


@contextlib.contextmanager
def _server(
    voices: Sequence[str], workers: int, clients: int
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield the process of a server and its port."""
    command = [
        sys.executable, "-m", "tts", "serve", "port=0", voices_word(voices),
        f"workers={workers}", f"queue={max(64, clients)}",
    ]  # fmt: skip
    with announced_parent():
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    assert process.stdout is not None
    try:
        printed = ""
        while (line := process.stdout.readline()) and "Ctrl-C" not in line:
            printed += line
        found = re.search(r"http://[^/]*:(\d+)/", printed)
        if found is None:
            reason = (process.communicate()[1].strip().splitlines() or ["no reason"])[-1]
            raise UserError(f"the server did not start: {reason}")
        yield process, int(found[1])
    finally:
        process.terminate()
        process.communicate()


def voices_word(voices: Sequence[str]) -> str:
    """Return the option that names voices, whose paths can have spaces and commas."""
    quoted = (voice.replace("'", "\\'") for voice in voices)
    return "voices=[" + ",".join(f"'{voice}'" for voice in quoted) + "]"


def _cpu_seconds(pid: int) -> float | None:
    """Return the CPU seconds of a process so far; None where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime


def _memory(pid: int) -> float | None:
    """Return the resident memory of a process in MB; None where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return None if found is None else int(found[1]) / 1000

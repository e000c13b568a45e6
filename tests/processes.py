"""Commands in separate processes, forked from a server that has imported torch already.

Importing torch and Lightning takes longer than most of what is tested. A process forked from a
server that has done that alone behaves like one that a shell starts.
"""

import atexit
import contextlib
import itertools
import multiprocessing
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
METHOD = multiprocessing.get_start_method()  # of a Python that imported nothing
SERVER = multiprocessing.get_context("forkserver")
# modules that do not exist are skipped
SERVER.set_forkserver_preload(
    [
        "torch", "lightning.pytorch", "torch.utils.tensorboard",
        "torch.utils.serialization.config", "matplotlib.backends.backend_agg",
        "tts.training.run", "tts.alignment.numba_kernels", "librosa.sequence", "deepspeed",
        "deepspeed.runtime.zero.muon.muon_optimizer", "tests.preloaded",
    ]
)  # fmt: skip
Done = subprocess.CompletedProcess


class Command:
    """A running ``python WORDS...``: a script of this repository, or ``-m module``."""

    def __init__(self, *words: str, cwd: Path = ROOT, stdin: str = "", **environment: str) -> None:
        self.words = words
        self._folder = tempfile.TemporaryDirectory()
        place = Path(self._folder.name)
        self._streams = [place / name for name in ("stdin", "stdout", "stderr")]
        for stream in self._streams:
            stream.write_text(stdin if stream.name == "stdin" else "")
        self._process = SERVER.Process(
            target=_run,
            args=(words, str(cwd), environment, [str(path) for path in self._streams], METHOD),
        )
        self._process.start()

    def output(self) -> str:
        """Return what it has printed so far."""
        return self._streams[1].read_text()

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, signum)

    def kill(self) -> None:
        self._process.kill()

    def done(self, timeout: float = 400) -> Done[str]:
        """Wait for its end, at most ``timeout`` seconds; return its status and output."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        out, err = (path.read_text() for path in self._streams[1:])
        code = self._process.exitcode
        assert code is not None
        return Done(self.words, code, out, err)


def command(
    *words: str, cwd: Path = ROOT, stdin: str = "", code: int = 0, **environment: str
) -> Done[str]:
    """Run ``python WORDS...`` to its end; its status must be ``code``."""
    done = Command(*words, cwd=cwd, stdin=stdin, **environment).done()
    assert done.returncode == code, done.stderr[-3000:]
    return done


WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = itertools.cycle(range(21000 + 500 * WORKER, 21500 + 500 * WORKER))


def free_port() -> int:
    """Return a port that no other test worker uses and no outgoing connection gets."""
    for port in PORTS:
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("localhost", port))
            return port
    raise AssertionError("no port is free")


def start_ranks(*words: str, world: int = 2) -> list[Command]:
    """Start the same command as the ranks of one training, as torchrun does."""
    port = str(free_port())
    variables = {
        "WORLD_SIZE": str(world), "LOCAL_WORLD_SIZE": str(world), "MASTER_ADDR": "localhost",
        "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "test", "GROUP_RANK": "0",
    }  # fmt: skip
    return [
        Command(*words, **variables, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(world)
    ]


def ranks(*words: str, world: int = 2) -> list[Done[str]]:
    """Run all of :func:`start_ranks` to their end; every status must be 0."""
    running = start_ranks(*words, world=world)
    while any(each.poll() is None for each in running):
        if any(each.poll() for each in running):  # the others would wait for the failed one
            for each in running:
                each.kill()
        time.sleep(0.05)
    finished = [each.done() for each in running]
    errors = "\n".join(f"status {done.returncode}: {done.stderr[-3000:]}" for done in finished)
    assert all(done.returncode == 0 for done in finished), errors
    return finished


def _run(
    words: tuple[str, ...], cwd: str, environment: dict[str, str], streams: list[str], method: str
) -> None:
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering=1, closefd=False)  # noqa: SIM115
        for number, mode in enumerate(("r", "w", "w"))
    )
    multiprocessing.set_start_method(method, force=True)
    os.environ.update(environment)
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    rank_zero_only.rank = int(environment.get("RANK", 0))  # Lightning reads it when it is imported
    os.chdir(cwd)
    code: Any = 0
    try:
        if words[0] == "-m":
            sys.path.insert(0, cwd)
            sys.argv = list(words[1:])
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            script = str(ROOT / words[0])
            sys.path.insert(0, str(Path(script).parent))
            sys.argv = [script, *words[1:]]
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()  # multiprocessing's children skip exit handlers
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)

"""Start-up time of commands, each in a process of its own."""

import multiprocessing
import os
import subprocess
import sys
from functools import partial
from tempfile import TemporaryDirectory
from typing import NamedTuple

import lightning.pytorch as pl

from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.child_processes import announced_parent
from tts.errors import UserError
from tts.project_files import python_words

IMPORT = "import of torch and lightning"
HELP = "train.py --help"
FIRST_STEP = "train.py to the end of its first step"
SYNTHESIS = "synthesize.py, ten words"
TEXT = "Most of the ships in the harbour had been painted."


class StartupRow(NamedTuple):
    process: str
    seconds: float
    of_the_import: float


class ExitAfterFirstStep(pl.Callback):
    """Ends the process and its data workers with status 0 after the first training step."""

    def on_train_batch_end(self, *_: object) -> None:
        for worker in multiprocessing.active_children():
            worker.kill()
        os._exit(0)


def benchmark_startup(timer: PairedTimer) -> Section:
    """Time help, a tiny training's first step and synthesis, relative to the imports alone.

    Raises UserError with the message of a command that fails.
    """
    with TemporaryDirectory() as folder:
        first_step = (
            *python_words("train"), "experiment=demo", "trainer=cpu",
            f"data.prepared_dir='{folder}/prepared'",
            f"hydra.run.dir='{folder}/run'",
            f"+callbacks.first_step._target_={__name__}.{ExitAfterFirstStep.__name__}",
        )  # fmt: skip
        commands = {
            IMPORT: ("-c", "import os, torch, lightning.pytorch; os._exit(0)"),
            HELP: (*python_words("train"), "--help"),
            FIRST_STEP: first_step,
            SYNTHESIS: (*python_words("synthesize"), f"text={TEXT}", f"out={folder}/speech.wav"),
        }
        times = timer.compare(
            {name: partial(run_python, folder, *command) for name, command in commands.items()}
        )
    rows = [StartupRow(name, times.seconds(name), times.ratio(name, IMPORT)) for name in commands]
    goals = [
        Goal("to the end of the first step, relative to imports",
             times.ratio(FIRST_STEP, IMPORT), 1.3),
        Goal("help, seconds", times.seconds(HELP), 1.0),
        Goal("synthesis, seconds", times.seconds(SYNTHESIS), 3.0),
    ]  # fmt: skip
    return Section(
        "startup",
        "Start-up of processes, imports included, with files in the disk cache",
        rows,
        goals,
    )


def run_python(folder: str, *arguments: str) -> None:
    """Run Python with ``folder`` as its folder for temporary files. Raises UserError."""
    with announced_parent():
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, check=False,
            env=os.environ | {"TMPDIR": folder},
        )  # fmt: skip
    if done.returncode:
        last_line = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise UserError(f"{' '.join(arguments[:2])} failed: {last_line}")

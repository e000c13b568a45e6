"""What a command takes before it does anything, each time in a process of its own."""

import multiprocessing
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import lightning.pytorch as pl

from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.errors import UserError

ROOT = Path(__file__).parents[3]  # where train.py and synthesize.py are
BARE = "import of torch and lightning"
HELP = "train.py --help"
FIRST_STEP = "train.py to the end of its first step"
SPEAKING = "synthesize.py, ten words"
WORDS = "Most of the ships in the harbour had been painted."


class StartRow(NamedTuple):
    what: str
    seconds: float
    of_the_import: float


class FirstStep(pl.Callback):
    """Ends the process and its readers with the first step, status 0."""

    def on_train_batch_end(self, *_: Any) -> None:
        for reader in multiprocessing.active_children():
            reader.kill()
        os._exit(0)


def start(watch: PairedTimer) -> Section:
    """Start-up of a tiny training, of speaking and of help, beside the import that none can do
    without.

    Raises UserError with a command's own words when it fails.
    """
    with TemporaryDirectory() as folder:
        first_step = (
            "train.py", "experiment=demo", "trainer=cpu", f"data.prepared_dir='{folder}/prepared'",
            f"hydra.run.dir='{folder}/run'",
            f"+callbacks.first_step._target_={__name__}.{FirstStep.__name__}",
        )  # fmt: skip
        commands = {
            BARE: ("-c", "import os, torch, lightning.pytorch; os._exit(0)"),
            HELP: ("train.py", "--help"),
            FIRST_STEP: first_step,
            SPEAKING: ("synthesize.py", f"text={WORDS}", f"out={folder}/spoken.wav"),
        }
        times = watch.compare(
            {what: partial(_python, folder, *words) for what, words in commands.items()}
        )
    rows = [StartRow(what, times.seconds(what), times.ratio(what, BARE)) for what in commands]
    goals = [
        Goal("to the end of a first step, of the import", times.ratio(FIRST_STEP, BARE), 1.3),
        Goal("help, seconds", times.seconds(HELP), 1.0),
        Goal("speaking, seconds", times.seconds(SPEAKING), 3.0),
    ]
    return Section(
        "start", "Start-up: whole processes, with what is on disk in its cache", rows, goals
    )


def _python(folder: str, *words: str) -> None:
    """Whatever it leaves in a temporary folder goes with ``folder``."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"TMPDIR": folder},
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise UserError(f"{' '.join(words[:2])}: {last}")

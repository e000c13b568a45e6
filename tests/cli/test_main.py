"""``python -m tts``: the list of commands, and running one of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from processes import ROOT, command

from tts.__main__ import COMMANDS


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_the_commands_are_listed_in_a_line_each(words: tuple[str, ...]) -> None:
    done = command("-m", "tts", *words)
    lines = done.stdout.splitlines()
    for name in COMMANDS:
        [line] = [line for line in lines if line.startswith(f"  {name} ")]
        assert len(line) > len(name) + 20, "what the command does"


def test_every_module_of_cli_is_a_command() -> None:
    modules = {path.stem for path in (ROOT / "src/tts/cli").glob("*.py")}
    assert modules - set(COMMANDS) == {"__init__", "multirun_callback"}


@pytest.mark.parametrize(
    ("name", "hint"), [("evalute", "did you mean evaluate"), ("xyz", "choose from train, synth")]
)
def test_an_unknown_command_is_one_line(name: str, hint: str) -> None:
    done = command("-m", "tts", name, code=2)
    assert done.stderr.startswith(f"error: there is no command '{name}'; {hint}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_neither_torch_nor_hydra(name: str) -> None:
    program = (
        f"import sys, runpy\nsys.argv = ['tts', {name!r}, '--help']\n"
        "try:\n    runpy.run_module('tts', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'lightning', 'hydra', 'omegaconf'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"python -m tts {name}" in done.stdout


def test_a_training_of_two_ranks_starts_with_either_spelling(tmp_path: Path) -> None:
    """Lightning starts the second rank with the first one's command line."""
    words = [
        "model/size=tiny", "data.limit=24", f"data.prepared_dir={tmp_path}/prepared",
        "data.workers=0", "trainer=ddp_cpu", "trainer.precision=32-true", "trainer.max_steps=1",
        "data.frames_per_batch=1500", "callbacks.samples=null", "callbacks.validation_metrics=null",
        "logger=none", f"hydra.run.dir={tmp_path}/run",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tts", "train", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run/checkpoints/last.ckpt").is_file()

"""``python -m tts``: the list of commands, and running one of them."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FAKES, fake_overrides
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
    ("name", "hint"), [("evalute", "did you mean evaluate"), ("xyz", "choose from train, adapt")]
)
def test_an_unknown_command_is_one_line(name: str, hint: str) -> None:
    done = command("-m", "tts", name, code=2)
    assert done.stderr.startswith(f"error: there is no command '{name}'; {hint}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare"], "the following arguments are required: folders"),
        (["compare", "a", "--nope"], "unrecognized arguments: --nope"),
        (["replay", "a", "b"], "unrecognized arguments: b"),
        (["checklist", "--steps", "-1.5"], "'-1.5': expected a whole number, 1 or more"),
        (["prepare", "--cfg", "nope"], "(choose from 'job', 'hydra', 'all')"),
    ],
)
def test_a_wrong_option_is_one_line(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match="2"):
        importlib.import_module(f"tts.cli.{words[0]}").main()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert f"{message}; see " in line
    assert line.endswith("--help")


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


def test_the_second_rank_of_a_training_runs_the_same_command(tmp_path: Path) -> None:
    """Lightning starts it with the command line of the first."""
    keep = [o for o in fake_overrides(tmp_path) if not o.startswith(("run_dir", "trainer="))]
    command(
        "-m", "tts", "train", "--config-dir", str(FAKES), *keep, "trainer=ddp_cpu",
        "trainer.max_steps=2", f"hydra.run.dir={tmp_path}/run", cwd=tmp_path,
        PYTHONPATH=f"{FAKES.parent}:{ROOT / 'src'}",  # the second process is started anew
    )  # fmt: skip
    assert (tmp_path / "run/checkpoints/last.ckpt").is_file()

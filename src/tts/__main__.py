"""Command line of the package: ``python -m tts <command> ...`` runs one module of ``tts.cli``."""

import ast
import difflib
import runpy
import sys
from pathlib import Path

from tts.config.reporting import fail, reported
from tts.signals import ending_on_signals

CLI = Path(__file__).parent / "cli"
COMMANDS = (
    "train", "adapt", "synthesize", "edit", "serve", "phonemize", "prepare", "evaluate",
    "benchmark", "compare", "analyze", "convert", "export", "hub", "replay", "checklist",
    "monitor", "doctor",
)  # fmt: skip


def usage() -> str:
    """List the commands with the first line of their docstrings; none of them is imported."""
    lines = []
    for name in COMMANDS:
        tree = ast.parse((CLI / f"{name}.py").read_text(encoding="utf-8"))
        about = (ast.get_docstring(tree) or "").splitlines()[0]
        lines.append(f"  {name:11} {about}")
    return "\n".join(
        ["python -m tts <command> [key=value ...]", "", *lines, "",
         "python -m tts <command> --help shows a command's settings."]
    )  # fmt: skip


def main() -> None:
    """Run the command that the first argument names, with the remaining arguments."""
    with ending_on_signals():
        _main()


def _main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if command in ("-h", "--help"):
        with reported():
            print(usage())
        return
    if command not in COMMANDS:
        close = difflib.get_close_matches(command, COMMANDS)
        hint = (
            f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(COMMANDS)}"
        )
        fail(f"error: there is no command {command!r}; {hint}")
    del sys.argv[1]
    # as ``python -m tts <command>``, so that Lightning starts further ranks with that line
    runpy.run_module(f"tts.cli.{command}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

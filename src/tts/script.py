"""Console script ``lightning-tts``: the same commands as ``python -m tts``."""

from tts.search_path import leave_out_current_folder


def main() -> None:
    """Run the command that the first argument names."""
    leave_out_current_folder()
    # imported here: it imports modules that the current folder could hold
    from tts.__main__ import main as run_command

    run_command()

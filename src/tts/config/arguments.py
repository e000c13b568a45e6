"""Command lines with options, ``--out DIR``: an error is one line, as that of every command."""

import argparse
from typing import NoReturn

from tts.config.reporting import fail


class ArgumentParser(argparse.ArgumentParser):
    """Parser of ``python -m tts NAME``; ``about`` is shown above its options."""

    def __init__(self, name: str, about: str | None) -> None:
        super().__init__(
            prog=f"python -m tts {name}",
            description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """End the command with ``message`` on stderr and status 2."""
        fail(f"error: {' '.join(message.split())}; see {self.prog} --help")


def positive(text: str) -> int:
    """Return the whole number of an option. Raises ArgumentTypeError for one below 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 1 or more")
    return number

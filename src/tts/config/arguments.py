"""Command lines with options, ``--out DIR``: an error is one line, as that of every command."""

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager
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
        _one_line(self, message)


def _one_line(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    fail(f"error: {' '.join(message.split())}; see {parser.prog} --help")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Let other packages' parsers, as Hydra's, report a wrong option in one line inside."""
    before = argparse.ArgumentParser.error
    setattr(argparse.ArgumentParser, "error", _one_line)  # noqa: B010  a method, to mypy
    try:
        yield
    finally:
        setattr(argparse.ArgumentParser, "error", before)  # noqa: B010


def positive(text: str) -> int:
    """Return the whole number of an option. Raises ArgumentTypeError for one below 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 1 or more")
    return number


def above_zero(text: str) -> float:
    """Return the number of an option. Raises ArgumentTypeError for one that is not above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return number

"""The terminal: the rich console of tables, and output that never breaks a command.

Standard output may be a pipe that ends (``| head -1``), a full disk, closed (``>&-``) or limited to
ASCII. None of them may cost a result: what cannot be shown is dropped, what has no ASCII character
is replaced, and the command goes on.
"""

import codecs
import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 140  # columns of a table written to a file
LOOKALIKES = {
    "▲": "^", "▼": "v", "–": "-", "—": "-", "−": "-", "→": "->", "…": "...", "·": ".", "×": "x",
    "°": " deg ", "±": "+-", "‘": "'", "’": "'", "“": '"', "”": '"', "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip


def console() -> "Console":
    """Return a console that is wide enough for tables where the output is no terminal.

    Text is printed as it is: square brackets and ``:names:`` are no markup.
    """
    from rich.console import Console

    found = Console(markup=False, emoji=False, highlight=False)
    if not found.is_terminal:
        found = Console(markup=False, emoji=False, highlight=False, width=WIDTH)
    return found


def protect_streams() -> None:
    """Make standard input, output and error safe to use, whatever they are connected to.

    Streams that something else replaced, a notebook or a test, are left as they are.
    """
    _open_closed_streams()
    codecs.register_error("lookalike", _lookalike)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        try:
            if stream.fileno() != number or isinstance(_raw(stream), _Output):
                continue
            stream.flush()
        except (AttributeError, ValueError):  # replaced by an object without a descriptor
            continue
        except OSError:
            pass
        raw = _Output(number, "w", closefd=False)
        lines = number == 2 or raw.isatty() or stream.write_through  # the last: python -u
        protected = io.TextIOWrapper(
            io.BufferedWriter(raw),  # type: ignore[type-var]
            stream.encoding,
            "lookalike",
            line_buffering=lines,
        )
        setattr(sys, name, protected)


def output_error() -> str | None:
    """Return why standard output was lost, for the end of a command; None if it was not.

    A reader that ended, as ``head`` does, has all that it wanted: not an error.
    """
    try:
        sys.stdout.flush()
    except (AttributeError, ValueError, OSError):
        return None
    raw = _raw(sys.stdout)
    return raw.lost if isinstance(raw, _Output) else None


def reader_left() -> bool:
    """Return whether the program that reads standard output has ended."""
    raw = _raw(sys.stdout)
    return isinstance(raw, _Output) and raw.reader_left


class _Output(io.FileIO):
    """A stream of bytes that drops the rest after its first error."""

    lost: str | None = None
    reader_left = False

    def write(self, content: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(content) or 0
        except OSError as error:
            self.reader_left = error.errno == errno.EPIPE
            if not self.reader_left:
                self.lost = os.strerror(error.errno or 0).lower()
            # C libraries and child processes write to the same descriptor
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return len(content)


def _raw(stream: object) -> object:
    """Return the unbuffered stream below a text stream; python -u has no buffer between them."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _open_closed_streams() -> None:
    """Connect closed streams to /dev/null: the next file opened would get their descriptors."""
    modes: tuple[tuple[str, Literal["r", "w"]], ...] = (
        ("stdin", "r"), ("stdout", "w"), ("stderr", "w"),
    )  # fmt: skip
    for number, (name, mode) in enumerate(modes):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, None)
        if getattr(sys, name) is None:  # closed when Python started
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _lookalike(error: UnicodeError) -> tuple[str, int]:
    """Replace a character that the stream's encoding lacks by a similar one, or by its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    replaced = (LOOKALIKES.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text)
    return "".join(replaced), error.end

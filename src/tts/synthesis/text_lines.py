"""Lines of text to synthesize: from ``text=``, a file or standard input."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tts.errors import UserError
from tts.files import FileError, decode, named_errors, read_text

LINE_END = re.compile(r"\r\n|\r|\n")  # those that an editor counts


def read_lines(text: str | None, file: str | None) -> Iterator[tuple[int, str]]:
    """Yield numbered utterances: ``text`` as one, or the lines of ``file``, or of standard input.

    Empty lines are skipped but counted. Raises UserError for a file that is missing, unreadable or
    not UTF-8, and when there is no text.
    """
    if text is not None and file is not None:
        raise UserError("use only one of text= and file=")
    if text is not None:
        yield 1, text
        return
    source = "standard input" if file is None else file
    found = False
    content = _read_stdin() if file is None else _read_file(Path(file))
    for number, line in enumerate(LINE_END.split(content), start=1):
        if line.strip():
            found = True
            yield number, line
    if not found:
        raise UserError(f'{source} holds no text; add some, or give text="..."')


def _read_stdin() -> str:
    if sys.stdin.isatty():
        print("type the text, then Ctrl-D", file=sys.stderr)
    with named_errors("standard input"):
        content = sys.stdin.buffer.read() if hasattr(sys.stdin, "buffer") else sys.stdin.read()
    return content if isinstance(content, str) else decode(content, "standard input")


def _read_file(path: Path) -> str:
    if not path.exists():
        raise UserError(f"file={path}: there is no such file")
    if path.is_char_device() or path.is_block_device():
        raise UserError(f"file={path} is a device: give a text file")
    try:
        return read_text(path)
    except FileError as error:
        raise UserError(f"file={error}") from error

"""Lines of text to synthesize: from ``text=``, a file or standard input."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tts.errors import UserError


def read_lines(text: str | None, file: str | None) -> Iterator[tuple[int, str]]:
    """Yield numbered utterances: ``text`` as one, or the lines of ``file``, or of standard input.

    Empty lines are skipped but counted. Raises UserError for a file that is missing or not UTF-8,
    and when there is no text.
    """
    if text is not None and file is not None:
        raise UserError("use only one of text= and file=")
    if text is not None:
        yield 1, text
        return
    source = "standard input" if file is None else file
    found = False
    content = _read_stdin() if file is None else _read_file(Path(file))
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            found = True
            yield number, line
    if not found:
        raise UserError(f'{source} holds no text; add some, or give text="..."')


def _read_stdin() -> str:
    if sys.stdin.isatty():
        print("type the text, then Ctrl-D", file=sys.stderr)
    return sys.stdin.read()


def _read_file(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"file={path}: there is no such file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"file={path}: not UTF-8 text (byte {error.start}); convert it to UTF-8"
        ) from error

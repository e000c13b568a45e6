"""Lines of a text that cannot be spoken: named, while the other lines are."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tts.audio.io import AudioError
from tts.errors import UserError
from tts.text.errors import UnreadableTextError


class LineErrors:
    """Collects the errors of ``count`` lines; that of a single line is raised at once.

    A line without words is skipped with a warning. Other errors are raised together at the end.
    ``file``: the file that the lines are from, which the error of a single line names.
    """

    def __init__(self, count: int, file: str | None = None) -> None:
        self.count, self.file = count, file
        self._failed: list[str] = []
        self._skipped: UnreadableTextError | None = None  # the first
        self._spoken = 0

    @contextmanager
    def line(self, label: str) -> Iterator[None]:
        """Catch the errors of a line's text. Errors of its audio file pass."""
        try:
            yield
        except AudioError:
            raise
        except UserError as error:
            if self.count == 1:
                if self.file is not None:
                    error.args = (f"file={self.file}, {label}: {error}", *error.args[1:])
                raise
            if isinstance(error, UnreadableTextError):
                self._skipped = self._skipped or error
                print(f"{label}: skipped: {error}", file=sys.stderr)
            else:
                self._failed.append(f"{label}: {error}")
        else:
            self._spoken += 1

    def require_spoken(self) -> None:
        """Raise UserError where a line failed, or where no line could be spoken."""
        if self._failed:
            head = f"{len(self._failed)} of {self.count} lines not synthesized"
            raise UserError("\n       ".join([head, *self._failed]))
        if not self._spoken and self._skipped is not None:
            raise UserError(f"none of the {self.count} lines can be spoken: write words in them")

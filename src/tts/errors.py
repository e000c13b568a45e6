"""User errors: the commands print their message without a traceback."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_NAMES_A_KEY = re.compile(r"[\w./]+=")


class UserError(ValueError):
    """A mistake that the user can fix; the message names its place and the remedy."""


def listed(names: Sequence[str], most: int = 20) -> str:
    """Return the first names, separated by commas, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


@contextmanager
def naming_key(key: str, value: object) -> Iterator[None]:
    """Put ``key=value`` before the message of a UserError of the block that begins with no key.

    None as a value changes nothing.
    """
    try:
        yield
    except UserError as error:
        message = str(error)
        if value is not None and not _NAMES_A_KEY.match(message):
            error.args = (f"{key}={value}: {message}", *error.args[1:])
        raise

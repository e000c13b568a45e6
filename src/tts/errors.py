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

    A message that begins with the value, or a file in it, says it once. None changes nothing.
    """
    try:
        yield
    except UserError as error:
        message = str(error)
        subject = str(value).rstrip("/\\")  # a path can have an equals sign
        named = _NAMES_A_KEY.match(message) and not (subject and message.startswith(subject))
        if value is not None and not named:
            error.args = (f"{key}={value}{_after(message, str(value))}", *error.args[1:])
        raise


def _after(message: str, value: str) -> str:
    """Return what of ``message`` follows its subject ``value``: ``" is ..."``, ``": FILE is ..."``.

    ``value`` can be a folder whose last slash the message does not have.
    """
    subject = value.rstrip("/\\")
    rest = message.removeprefix(subject)
    if subject and rest != message and rest[:1] in (" ", ",", ":"):
        return rest
    if subject and rest != message and rest[:1] in ("/", "\\"):
        return f": {rest[1:]}"
    return f": {message}"

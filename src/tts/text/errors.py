"""Errors of the text front end."""

from tts.errors import UserError

LONGEST = 60  # characters of a text in a message


class TextError(UserError):
    """A text or language cannot be synthesized; the message gives the cause and the remedy."""


class UnreadableTextError(TextError):
    """A text has no word that its language can read; ``left_out``: its characters, each once."""

    def __init__(self, message: str, left_out: tuple[str, ...] = ()):
        super().__init__(message)
        self.left_out = left_out


def shortened(text: str) -> str:
    """Return a text in quotation marks, its beginning where it is long, for a message."""
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")

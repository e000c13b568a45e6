"""Errors of the text front end."""

from tts.errors import UserError


class TextError(UserError):
    """A text or language cannot be synthesized; the message gives the cause and the remedy."""


class UnreadableTextError(TextError):
    """A text has no word that its language can read; ``left_out``: its characters, each once."""

    def __init__(self, message: str, left_out: tuple[str, ...] = ()):
        super().__init__(message)
        self.left_out = left_out

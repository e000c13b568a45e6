"""Error of the text front end."""

from tts.errors import UserError


class TextError(UserError):
    """A text or language cannot be synthesized; the message gives the cause and the remedy."""

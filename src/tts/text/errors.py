"""Error of the text front end."""

from tts.errors import UserError


class TextError(UserError):
    """A text or language cannot be synthesized; the message says why and what to do."""

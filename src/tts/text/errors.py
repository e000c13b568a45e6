"""The one error of the text front end."""

from tts.errors import UserError


class TextError(UserError):
    """A text or language that cannot be spoken; the message says why and what would help."""

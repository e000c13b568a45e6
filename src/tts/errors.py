"""User errors: the commands print their message without a traceback."""


class UserError(ValueError):
    """A mistake that the user can fix; the message names its place and the remedy."""

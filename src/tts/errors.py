"""Errors whose message is for the user: the commands print it without a traceback."""


class UserError(ValueError):
    """Something the user can mend; the message names the culprit and the remedy."""

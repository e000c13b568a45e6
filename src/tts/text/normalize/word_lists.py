"""Lists of words in tables, written as text."""


def words(text: str) -> frozenset[str]:
    """Return the words of ``text``, which are separated by spaces."""
    return frozenset(text.split())

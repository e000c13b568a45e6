"""Where tables are printed."""

from typing import Any

WIDTH = 140  # of a table that goes into a file


def console() -> Any:
    """rich's, wide enough for a table where no terminal says how wide it is."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=WIDTH)

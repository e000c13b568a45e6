"""The rich console that tables are printed on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 140  # columns of a table written to a file


def console() -> "Console":
    """Return a console that is wide enough for tables where the output is no terminal."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=WIDTH)

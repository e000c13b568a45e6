"""Tables on a terminal: columns that do not fit move to a further table, with readable headings."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

HEADING = 18  # characters of a line of a heading, where it can be broken
BREAK = re.compile(r"(?<=[ ,=/_|])|(?<=\.)(?!\d)")  # after punctuation, not inside a number
SPACE = 3  # a border and the padding of a column
CUT = 32  # characters of a cell, where the table is too wide


class Column(NamedTuple):
    """A column of a table: its heading and a text for each row."""

    heading: str
    cells: Sequence[str]
    right: bool = True  # numbers


def print_table(out: Console, title: str, first: Column, columns: Sequence[Column]) -> None:
    """Print ``columns`` with ``first`` on the left, in as many tables as the width needs.

    Where one table is enough, it is printed as it is. In several tables headings are broken at
    spaces and punctuation, and long cells are cut at their start, which differs least.
    """
    if fits(out, [first, *columns]):
        out.print(table(title, [first, *columns]))
        return
    first, *columns = (_narrowed(column, out.width // 2 - SPACE) for column in (first, *columns))
    further = title
    while columns:
        count = len(columns)
        while count > 1 and _width([first, *columns[:count]]) > out.width:
            count -= 1
        out.print(table(further, [first, *columns[:count]]))
        further, columns = f"{title}, further columns", columns[count:]


def fits(out: Console, columns: Sequence[Column]) -> bool:
    """Return whether one table of ``columns`` is as wide as the terminal at most."""
    return _width(columns) <= out.width


def fold(text: str, width: int) -> str:
    """Break ``text`` into lines of at most ``width`` characters, at punctuation where possible."""
    lines = [""]
    for piece in BREAK.split(text):
        if lines[-1] and cell_len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
        while cell_len(lines[-1]) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return "\n".join(line.rstrip() for line in lines)


def _narrowed(column: Column, most: int) -> Column:
    width = max(8, min(most, CUT))
    cells = [text if cell_len(text) <= width else f"…{text[1 - width :]}" for text in column.cells]
    return Column(fold(column.heading, min(HEADING, width)), cells, column.right)


def _width(columns: Sequence[Column]) -> int:
    """Return the characters that a table of ``columns`` takes without breaking anything."""
    return 1 + sum(
        SPACE + max(cell_len(line) for text in (c.heading, *c.cells) for line in text.split("\n"))
        for c in columns
    )


def table(title: str, columns: Sequence[Column]) -> Table:
    """Return one table of ``columns``."""
    made = Table(title=title)
    for column in columns:
        made.add_column(
            column.heading, justify="right" if column.right else "left", overflow="fold"
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        made.add_row(*row)
    return made

"""Benchmark results as tables on the terminal and as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tts import files


class Goal(NamedTuple):
    """A measured value and the bound it should keep."""

    name: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound


class Section(NamedTuple):
    """One table; ``rows`` are NamedTuples of one type, whose fields are the columns."""

    name: str
    title: str
    rows: Sequence[Any]  # NamedTuples have no common base class
    goals: Sequence[Goal] = ()


def print_section(section: Section, console: Console) -> None:
    """Print the table of a section, and its goals."""
    table = Table(title=section.title, title_justify="left", title_style="bold")
    for field in section.rows[0]._fields:
        table.add_column(field.replace("_", " "), justify="right")
    for row in section.rows:
        table.add_row(*map(_format, row))
    console.print(table)
    for goal in section.goals:
        relation = "at least" if goal.at_least else "at most"
        mark = ("yes", "green") if goal.met else ("no", "yellow")
        console.print(
            Text.assemble(
                "  ",
                mark,
                f"  {goal.name}: {_format(goal.value)}, {relation} {_format(goal.bound)}",
            )
        )
    console.print()


def write_json(sections: Sequence[Section], path: str | Path) -> None:
    """Write ``{section: {title, rows: [{column: value}], goals: [...]}}`` to ``path``."""
    content = {
        section.name: {
            "title": section.title,
            "rows": [row._asdict() for row in section.rows],
            "goals": [goal._asdict() | {"met": goal.met} for goal in section.goals],
        }
        for section in sections
    }
    files.write_json(path, content, indent=2)


def _format(value: object) -> str:
    """Format a number with three significant digits, None as a dash."""
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

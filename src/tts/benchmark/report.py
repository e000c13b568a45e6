"""What the sections find, as tables on the terminal and as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table


class Goal(NamedTuple):
    """A number and the bound it is to keep."""

    what: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound


class Section(NamedTuple):
    """One table: rows are alike NamedTuples whose field names, units included, head the columns."""

    name: str
    title: str
    rows: Sequence[Any]
    goals: Sequence[Goal] = ()


def show(section: Section, console: Console) -> None:
    """Print a section's table and what became of its goals."""
    table = Table(title=section.title, title_justify="left", title_style="bold")
    for field in section.rows[0]._fields:
        table.add_column(field.replace("_", " "), justify="right")
    for row in section.rows:
        table.add_row(*map(_text, row))
    console.print(table)
    for goal in section.goals:
        word = "at least" if goal.at_least else "at most"
        mark = "[green]yes[/]" if goal.met else "[yellow]no[/]"
        console.print(f"  {mark}  {goal.what}: {_text(goal.value)}, {word} {_text(goal.bound)}")
    console.print()


def write(sections: Sequence[Section], path: str | Path) -> None:
    """The same numbers: ``{section: {title, rows: [{column: value}], goals: [...]}}``."""
    found = {
        section.name: {
            "title": section.title,
            "rows": [row._asdict() for row in section.rows],
            "goals": [goal._asdict() | {"met": goal.met} for goal in section.goals],
        }
        for section in sections
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")


def _text(value: Any) -> str:
    """Three significant digits are all that a timing is worth."""
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

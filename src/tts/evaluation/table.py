"""The table on the terminal."""

import math
from typing import Any

from tts.console import console
from tts.metrics.bootstrap import Estimate

TELLING = "▲▼"  # shown to be better or worse than the baseline


def show(result: dict[str, Any]) -> None:
    """Print the systems side by side, and what was measured of the models themselves."""
    from rich.table import Table

    systems, baseline = result["systems"], result["baseline"]
    table = Table(title=f"{result['utterances']} sentences, [95 % interval]")
    table.add_column("")
    for system in systems:
        table.add_column(system, justify="right")
    for name, about in result["measures"].items():
        unit = f", {about['unit']}" if about["unit"] else ""
        cells = []
        for system, values in systems.items():
            mark = verdict(result, system, name)
            cells.append(cell(values[name], about["digits"]) + (f" {mark}" if mark else ""))
        table.add_row(about["label"] + unit, *cells)
    out = console()
    out.print(table)
    if any(verdict(result, system, name) for system in systems for name in result["measures"]):
        out.print(f"▲ better, ▼ worse than {baseline}, by paired 95 % intervals")
    for model, values in result["models"].items():
        for name, value in values.items():
            text = f"{value:.4f}" if isinstance(value, float) else cell(value, 3)
            out.print(f"{model}, {name}: {text}", highlight=False)
    for problem in result["problems"]:
        out.print(f"[yellow]left out:[/yellow] {problem}", highlight=False)


def verdict(result: dict[str, Any], system: str, measure: str) -> str:
    """▲ or ▼ where a system is shown to differ from the baseline and one direction is better."""
    if system == result["baseline"]:
        return ""
    better = result["measures"][measure]["better"]
    found = result["differences"][system][measure]
    if better not in ("higher", "lower") or found[0] is None or not Estimate(*found).shown:
        return ""
    found = Estimate(*found)
    return TELLING[0] if (found.value > 0) == (better == "higher") else TELLING[1]


def cell(estimate: Estimate, digits: int) -> str:
    """``value [low, high]``; a dash for what was not measured."""
    value, low, high = estimate
    if math.isnan(value):
        return "–"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"

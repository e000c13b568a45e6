"""Result table of an evaluation on the terminal."""

import math

from tts.console import console
from tts.evaluation.summary import Report
from tts.metrics.bootstrap import Estimate

BETTER, WORSE = "▲", "▼"  # significantly, than the baseline
MISSING = "–"


def print_table(report: Report) -> None:
    """Print the systems side by side, the model measurements and the problems."""
    from rich.table import Table
    from rich.text import Text

    systems, baseline = report["systems"], report["baseline"]
    table = Table(title=f"{report['utterances']} sentences, [95 % interval]")
    table.add_column("")
    for system in systems:
        table.add_column(system, justify="right", overflow="fold")
    for name, info in report["measures"].items():
        unit = f", {info['unit']}" if info["unit"] else ""
        cells = []
        for system, values in systems.items():
            mark = verdict(report, system, name)
            cells.append(format_estimate(values[name], info["digits"]) + (mark and f" {mark}"))
        table.add_row(info["label"] + unit, *cells)
    out = console()
    out.print(table)
    if any(verdict(report, system, name) for system in systems for name in report["measures"]):
        out.print(f"{BETTER} better, {WORSE} worse than {baseline}, by paired 95 % intervals")
    for model, measurements in report["models"].items():
        for name, value in measurements.items():
            text = f"{value:.4f}" if isinstance(value, float) else format_estimate(value, 3)
            out.print(f"{model}, {name}: {text}")
    for problem in report["problems"]:
        out.print(Text.assemble(("problem:", "yellow"), f" {problem}"))


def verdict(report: Report, system: str, measure: str) -> str:
    """Return ▲ or ▼ if a system differs significantly from the baseline, else ""."""
    if system == report["baseline"]:
        return ""
    better = report["measures"][measure]["better"]
    difference = report["differences"][system][measure]
    if better not in ("higher", "lower") or not difference.significant:
        return ""
    return BETTER if (difference.value > 0) == (better == "higher") else WORSE


def format_estimate(estimate: Estimate, digits: int) -> str:
    """Return ``value [low, high]``; a dash if there is no value."""
    value, low, high = estimate
    if math.isnan(value):
        return MISSING
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"

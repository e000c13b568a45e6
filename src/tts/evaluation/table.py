"""Result table of an evaluation on the terminal."""

import math

from tts.console import console
from tts.evaluation.summary import Report
from tts.metrics.bootstrap import Estimate

BETTER, WORSE = "▲", "▼"  # significantly, than the baseline
MISSING = "–"


def print_report(report: Report) -> None:
    """Print the systems side by side, the model measurements and the problems."""
    from rich.text import Text

    from tts.console_tables import Column, print_table

    measures = report["measures"]
    labels = [i["label"] + (f", {i['unit']}" if i["unit"] else "") for i in measures.values()]
    columns = [
        Column(
            system,
            [_cell(report, system, name) for name in measures],
        )
        for system in report["systems"]
    ]
    out = console()
    title = f"{report['utterances']} sentences, [95 % interval]"
    print_table(out, title, Column("", labels, right=False), columns)
    if any(verdict(report, system, name) for system in report["systems"] for name in measures):
        out.print(
            f"{BETTER} better, {WORSE} worse than {report['baseline']}, by paired 95 % intervals"
        )
    for model, measurements in report["models"].items():
        for name, value in measurements.items():
            text = f"{value:.4f}" if isinstance(value, float) else format_estimate(value, 3)
            out.print(f"{model}, {name}: {text}")
    for problem in report["problems"]:
        out.print(Text.assemble(("problem:", "yellow"), f" {problem}"))


def _cell(report: Report, system: str, measure: str) -> str:
    value = report["systems"][system][measure]
    mark = verdict(report, system, measure)
    return format_estimate(value, report["measures"][measure]["digits"]) + (mark and f" {mark}")


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
